# Titik pantau yang terputus dari jaringannya sendiri, dan para saksinya.
symptom-vantage-isolated = Titik pantau { $host } terisolasi sejak { $since_at }: seluruh saksinya ({ $count }) gagal. Keadaan layanan yang dilihatnya lewat jaringan tidak diketahui (layanan: { $services }).
reason-vantage-isolated = Titik pantau { $host } terisolasi sejak { $since_at }: yang dilaporkannya gagal tidak diketahui
vantage-isolated-since = terisolasi sejak { $since }: seluruh saksinya ({ $count }) gagal. Layanan yang dilihatnya lewat jaringan tidak diketahui, bukan terhenti.
explain-isolated = Titik pantau terisolasi { $since } sampai { $until }: seluruh saksinya ({ $count }) gagal. Kegagalan di dalamnya tidak diketahui, bukan terhenti.
explain-role-blinded = titik pantau terisolasi: tidak diketahui
explain-witness = Saksi { $witness }: { $answers }
witness-title = Saksi jaringan titik pantau
witness-hint = Selama semuanya gagal, kegagalan yang dilihat host ini lewat jaringan dianggap tidak diketahui.
witness-unasked = Belum ditanya
witness-failing-since = gagal sejak { $time }
