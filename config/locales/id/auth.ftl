role-admin = Administrator
role-operator = Operator
role-viewer = Pengamat

login-title = Masuk
login-lead = Pemantauan layanan dan infrastruktur SPBE.
login-name = Nama pengguna
login-password = Kata sandi
login-button = Masuk
login-first-start = Kata sandi pertama dicetak sekali di terminal saat Pantau pertama kali dijalankan.
login-wrong = Nama pengguna atau kata sandi tidak cocok.
login-wait = Terlalu banyak percobaan. Silakan coba lagi dalam { $span }.
logout = Keluar
