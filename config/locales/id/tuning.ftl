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
