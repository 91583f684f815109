# Penyebab tiket selain yang ada di tickets.ftl, buktinya, dan langkah pertama yang disarankan.
symptom-certificate-expiring = Sertifikat { $check } layanan { $service } berakhir dalam { $days } hari, pada { $expires_at } (batas { $limit } hari).
symptom-certificate-expired = Sertifikat { $check } layanan { $service } sudah berakhir pada { $expires_at }.
symptom-storage-fills = Penyimpanan { $part } pada host { $host } akan penuh pada { $full_at } bila terus tumbuh { $grows } MiB per hari.
symptom-inodes-fill = Inode { $part } pada host { $host } akan habis pada { $full_at } bila terus bertambah { $grows } per hari.
symptom-host-reboots = Host { $host } menyala ulang { $count } kali tanpa rencana dalam 24 jam, sejak { $since_at }.
symptom-clock-off = Jam host { $host } { $direction ->
        [ahead] lebih cepat
       *[other] lebih lambat
    } { $offset_s } dari jam kolektor sejak { $since_at }.
activity-host-booted = Host { $host } menyala ulang pada { $booted_at }.
symptom-alert = { $names } ({ $count } alarm, { $group }) sejak { $since_at }: { $summary }
about-alert = Alarm dari Alertmanager

evidence-title = Bukti saat tiket dibuka
evidence-first-step = Langkah pertama:
evidence-none = Tidak ada cuplikan pengamatan untuk tiket ini.
evidence-last-good = Jawaban baik terakhir
evidence-phase = Tahap yang gagal
evidence-booted = Host baru menyala
evidence-catalogue = Katalog baru berubah
evidence-catalogue-revision = revisi { $revision }, { $at }
evidence-public = Layanan Publik terdampak
evidence-answers = Jawaban pemeriksaan di sekitar awal gangguan, terbaru di atas
evidence-at = Waktu
evidence-check = Pemeriksaan
evidence-result = Hasil
evidence-took = Lama
evidence-ms = { $ms } md
evidence-verdict-ok = Baik
evidence-verdict-degraded = Menurun
evidence-verdict-failed = Gagal
evidence-verdict-probe-error = Pemeriksaan tidak berjalan
evidence-verdict-unspecified = Tidak diketahui
evidence-metric-cpu = CPU
evidence-metric-ram = Memori
evidence-metric-storage = Penyimpanan
evidence-metric-bandwidth = Lalu lintas
evidence-chart = { $name }: terakhir { $last } %, batas { $limit } %

runbook-akses = Buka alamat layanan dari jaringan lain, lalu periksa host dan perubahan terakhirnya.
runbook-akses-resolve = Periksa catatan DNS layanan dan server DNS yang dipakai host pemeriksa.
runbook-akses-connect = Periksa apakah host menyala, program layanan berjalan dan mendengarkan, serta aturan firewall.
runbook-akses-tls = Periksa sertifikat: masa berlaku, nama, dan rantainya; lalu muat ulang server web.
runbook-akses-processing = Server tersambung tetapi tidak menjawab: periksa log aplikasi, basis data, dan antrean prosesnya.
runbook-akses-content = Jawaban datang tetapi isinya salah: periksa log aplikasi dan perubahan terakhir.
runbook-kinerja = Lihat proses yang paling banyak memakai sumber daya pada host dan bandingkan dengan jam yang sama kemarin.
runbook-kapasitas = Cari berkas yang tumbuh (log, cadangan, unggahan), lalu bersihkan atau tambah ruang sebelum penuh.
runbook-anggaran = Periksa gangguan pendek yang berulang pada garis waktu layanan; tunda perubahan sampai anggaran pulih.
runbook-cadangan = Lihat hasil terakhir tugas cadangan, jalankan ulang, dan pastikan ruang tujuan tersedia.
runbook-fungsi = Baca pesan terakhir dari tugas atau alarmnya, lalu jalankan ulang atau perbaiki sumbernya.
runbook-sertifikat = Perbarui sertifikat, pasang pada semua alamat layanan, dan muat ulang server web.
runbook-keamanan = Jangan menghapus jejak: catat waktunya, batasi akses, dan hubungi tim keamanan informasi (CSIRT).
runbook-kehilangan-pemantauan = Periksa apakah host menyala dan dapat dijangkau, lalu layanan pantau-agent dan jam host itu.

new-contact = Kontak pelapor (telepon atau email)
new-reported = Dilaporkan pada
new-onset = Mulai gangguan, bila diketahui
new-times-hint = Kosongkan bila dilaporkan sekarang. Jam tanggap dan penyelesaian berjalan sejak dilaporkan, bukan sejak dicatat.
new-impact-text = Uraian dampak
refused-times = Waktu tidak berurutan: mulai gangguan, lalu dilaporkan, lalu sekarang; paling lama 90 hari yang lalu.
