# Aturan yang membuka tiket: nilai yang berlaku, pengecualian, pengamatan, anggaran tiket, putar ulang.
finding-rule-hold-short = Ambang { $rule } untuk { $subject } bertahan hanya { $seconds } detik, kurang dari dua periode sampel: satu bacaan aneh sudah membuka tiket.
finding-rule-no-hysteresis = Ambang { $rule } untuk { $subject } pulih tepat pada ambang alarm ({ $percent } %): bacaan di sekitarnya akan membuka dan memulihkan tiket berulang-ulang.
finding-rule-off = Aturan { $rule } dimatikan untuk { $subject }: { $reason }
symptom-folded = { $count } gangguan lagi menurut aturan { $rule ->
    [terhenti] layanan terhenti
    [menurun] layanan menurun
    [cpu] CPU tinggi
    [ram] memori hampir habis
    [storage] penyimpanan hampir penuh
    [bandwidth] lalu lintas padat
    [agen_senyap] agen senyap
    [cadangan] cadangan
    [cadangan_tak_terlihat] sumber cadangan tak terlihat
    [fungsi] fungsi
    [anggaran] anggaran gangguan
   *[other] { $rule }
} sejak { $since_at }, antara lain { $examples }. Dilipat menjadi satu tiket karena lebih dari { $budget } tiket dalam satu jam.
activity-folded = { $count } gangguan lagi dilipat ke tiket ini karena anggaran tiket aturannya habis
rule-terhenti = Layanan terhenti
rule-menurun = Layanan menurun
rule-cpu = CPU tinggi
rule-ram = Memori hampir habis
rule-storage = Penyimpanan hampir penuh
rule-bandwidth = Lalu lintas padat
rule-agen-senyap = Agen senyap
rule-senyap-massal = Banyak host senyap bersamaan
rule-cadangan = Cadangan melewati RPO
rule-cadangan-tak-terlihat = Sumber cadangan tak terlihat
rule-fungsi = Pekerjaan gagal
rule-anggaran = Anggaran gangguan terpakai terlalu cepat
rule-sertifikat = Sertifikat segera kedaluwarsa
rule-perkiraan-penuh = Inode akan habis
rule-nyala-ulang = Host sering menyala ulang
rule-jam-meleset = Jam host meleset
rule-unit-gagal = Unit systemd gagal
rule-alertmanager = Peringatan program lain
replay-summary = Selama { $days } hari terakhir aturan ini akan membuka { $tickets } tiket; yang benar-benar dibuka: { $opened }. Dalam alarm seluruhnya { $alarm }; dinilai { $judged } dari { $subjects }.
replay-folded = Di antaranya { $folded } akan dilipat menjadi satu tiket oleh anggaran tiket.
replay-unfinished = Belum semuanya dinilai: persempit pertanyaannya, atau pakai pantau-collector rule replay.
replay-would-open = Tiket yang akan dibuka
replay-opened = Tiket yang benar-benar dibuka
replay-none = Tidak ada
replay-more = dan { $count } lagi
replay-goes-on = masih berlangsung
replay-is-folded = dilipat
replay-instead = berlaku { $value }
replay-note-means = Untuk waktu yang contohnya sudah dihapus dinilai dari rata-rata 5 menit: puncak yang lebih singkat tidak terlihat.
replay-note-no-roll-ups = Untuk waktu yang contohnya sudah dihapus tidak ada yang dapat dinilai: rata-rata 5 menit tidak menyimpan bacaan ini.
replay-note-silence = Dinilai dari waktu contoh: data yang datang terlambat dihitung sebagai terdengar.
replay-note-silence-steps = Untuk waktu yang contohnya sudah dihapus hanya jeda sepanjang langkah 5 menit yang terlihat.
replay-note-answers = Dinilai dari jawaban pemeriksaan yang tersimpan, bukan dari buku besar.
replay-note-answers-gone = Jawaban dari sebagian waktu itu sudah dihapus; yang tersisa saja yang dinilai.
replay-note-not-replayed = Aturan ini tidak dapat diputar ulang; yang ditampilkan adalah tiket yang pernah dibukanya.
rules-title = Aturan
rules-lead = Apa yang membuka tiket, dengan nilai yang berlaku, dan apa yang terjadi selama 30 hari terakhir. Nilai diubah dalam katalog.
rules-watching = { $hosts } host baru masih diamati: aturan ambang mencatat tiket yang akan dibukanya, tetapi belum membukanya.
rules-column-rule = Aturan
rules-column-values = Nilai yang berlaku
rules-column-state = Keadaan
rules-column-tickets = Tiket
rules-column-acted = Ditindaklanjuti
rules-column-false = Alarm palsu
rules-values-none = tidak ada yang perlu diatur
rules-exceptions = { $count } pengecualian
rules-acted = { $acted } ({ $percent } %)
rules-observed = { $count } diamati
rules-folded = { $count } dilipat
rules-hint = Sebelum mengubah nilai, putar ulang aturannya: tiket mana yang akan dibuka selama 30 hari terakhir?
rule-on = Aktif
rule-off = Mati
rule-watching = Mengamati { $hosts } host
rule-origin-default = bawaan
rule-origin-catalogue = katalog
rule-origin-service = layanan { $name }
rule-origin-host = host { $name }
rule-now = Yang berlaku
rule-fact-about = Membuka tiket bila
rule-fact-off = Dimatikan karena
rule-fact-values = Nilai
rule-fact-observe = Host baru
rule-fact-budget = Anggaran tiket
rule-fact-figures = 30 hari terakhir
rule-figures = { $tickets } tiket, { $acted } ditindaklanjuti, { $false_alarms } alarm palsu
rule-observe = hanya diamati selama { $span } pertama
rule-observe-none = langsung diberitahukan
rule-budget = { $count } tiket per jam; selebihnya dilipat menjadi satu tiket
rule-budget-none = tanpa batas
rule-watched-title = Masa pengamatan
rule-watched = { $hosts } host masih diamati, paling lama sampai { $until }. Yang akan membuka tiket tercantum di bawah.
rule-begin = Mulai sekarang
rule-begun = Mulai sekarang aturan ini membuka tiket untuk semua host yang ada.
rule-exceptions-title = Pengecualian
rule-exceptions-none = Tidak ada: nilai yang sama berlaku di mana-mana. Pengecualian per host, layanan, atau bagian ditulis dalam katalog ([[ambang]], [[aturan]]).
rule-whom-everything = Semuanya
rule-set-on = aktif
rule-set-off = mati: { $reason }
rule-about-terhenti = pemeriksaan layanan gagal berturut-turut sehingga layanan terhenti
rule-about-menurun = layanan menjawab, tetapi terlalu lambat atau dengan sertifikat yang segera kedaluwarsa
rule-about-cpu = CPU host terlalu tinggi terlalu lama
rule-about-ram = memori host hampir habis terlalu lama
rule-about-storage = sistem berkas host hampir penuh terlalu lama
rule-about-bandwidth = antarmuka jaringan host hampir jenuh terlalu lama
rule-about-agen-senyap = agen sebuah host tidak mengirim data lagi
rule-about-senyap-massal = banyak host senyap bersamaan; menjadi satu tiket
rule-about-cadangan = set cadangan melewati RPO atau tidak punya cadangan yang dapat dipakai
rule-about-cadangan-tak-terlihat = sumber cadangan tidak terjangkau lagi
rule-about-fungsi = pekerjaan terjadwal gagal, tidak mulai, atau terlalu lama
rule-about-anggaran = anggaran gangguan layanan terpakai terlalu cepat
rule-about-sertifikat = sertifikat sebuah titik layanan segera kedaluwarsa
rule-about-perkiraan-penuh = inode sebuah sistem berkas diperkirakan habis; perkiraan byte adalah tahap awal aturan penyimpanan
rule-about-nyala-ulang = host menyala ulang di luar pemeliharaan lebih sering daripada yang wajar
rule-about-jam-meleset = jam host terlalu lama meleset dari jam kolektor, atau menurut host itu sendiri meleset atau tidak disetel acuan
rule-about-unit-gagal = satu atau beberapa unit systemd sebuah host tetap gagal; satu tiket per host
rule-about-alertmanager = Alertmanager memberitahukan sebuah peringatan
held-title = Tanpa tiket sendiri (30 hari)
held-none = Tidak ada yang ditahan.
held-column-cause = Sebab
held-observed = akan membuka tiket (diamati)
held-folded = dilipat ke tiket aturan
replay-title = Putar ulang
replay-lead = Nilai mana yang kurang berisik? Isi nilai lain dan lihat tiket yang akan dibuka; kosong berarti nilai yang berlaku. Tidak ada yang berubah.
replay-go = Putar ulang
replay-field-days = Hari ke belakang
replay-field-host = Host
replay-field-service = Layanan
replay-field-all = semua
replay-column-begin = Mulai
replay-column-lasted = Lama
replay-busy = Putar ulang lain sedang berjalan; coba lagi sebentar lagi.
replay-unknown-value = { $name } bukan nilai aturan ini.
replay-bad-value = { $name } tidak dapat diisi "{ $value }".
replay-clear-above-alarm = pulih_persen tidak boleh di atas alarm_persen.
