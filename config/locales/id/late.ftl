# Late records of backups in final months, logs tied to their base sets, drafts of reports.

claim-backups = Catatan cadangan terlambat: { $set }
late-figures = RPO sebelum dan sesudah
late-reason = Catatan set cadangan ini datang setelah bulannya final. Angka bulan itu tetap sampai dua orang menyetujui perubahannya.
late-records = Catatan yang datang terlambat
late-records-empty = Tidak ada catatan.
late-record-new = belum dikenal ketika bulan itu final
late-record-known = titik data { $data }, selesai { $end }
late-record-deleted = hilang { $time }
late-record-verified = terverifikasi { $time }
late-column-record = Cadangan
late-column-before = Diketahui sebelumnya
late-column-after = Diketahui sekarang
late-unwatched = belum dipantau
late-verdict-kept = RPO terpenuhi
late-verdict-broken = RPO terlampaui

form-continuity-rpo = Mulai { $time } (katalog revisi { $revision }): RPO { $set } dari { $before } menjadi { $after }. Setiap saat dinilai menurut ketentuan yang berlaku ketika itu.
form-continuity-rto = Mulai { $time } (katalog revisi { $revision }): RTO layanan dari { $before } menjadi { $after }. Pemulihan dinilai menurut RTO yang berlaku ketika dicatat.
form-continuity-policy = Mulai { $time } (katalog revisi { $revision }): ketentuan tentang cadangan { $set } yang dihitung berubah; batas RPO tetap { $after }.
form-rpo-side = { $verdict }, { $breach } dari { $counted } detik terlampaui, paparan tertinggi { $peak }
form-rpo-month = { $month }: sebelum ({ $before }); sesudah ({ $after }).
form-pending = Koreksi belum diputuskan: { $count }
form-pending-note = Usulan ini belum mengubah angka apa pun. Kolom terakhir menunjukkan angka periode bila usulan disetujui sekarang.
form-if-approved = Bila disetujui
form-pending-effect = ketersediaan { $before } menjadi { $after }; waktu henti { $down_before } menjadi { $down_after } detik
form-withdrawal = Pencabutan koreksi
form-summary-by-target = G22/G47: ringkasan menghitung putusan menurut periode target masing-masing layanan; putusan menurut periode laporan disebut di sampingnya.
form-verdict-binding = { $binding } (periode laporan: { $own })
form-target-parts-note = G22/G45: target ini dimaksudkan untuk periode yang lebih pendek daripada laporan. Layanan dihitung mencapai target bila setiap periode target di dalamnya mencapainya.
form-breach-s = Detik terlampaui
form-counted-s = Detik dihitung
form-recovery-formula = Waktu dalam RPO = (detik dihitung − detik terlampaui) ÷ detik dihitung, dibulatkan ke bawah. Paparan tertinggi ialah umur titik data terbaru tepat sebelum cadangan berikutnya dapat dipakai.
form-floor-note = Semua persentase dibulatkan ke bawah pada dua desimal; perbandingan dengan target memakai detik, bukan persentase yang dicetak.

delivery-column-about = Tiket atau set cadangan
delivery-notice-at-risk = RPO berisiko
delivery-notice-risk-over = RPO tidak lagi berisiko

report-month-verdict = menurut bulan ini: { $verdict }
report-draft-title = Unduh draf
report-draft-text = Berkas ini sementara dan tidak ditandatangani: isinya angka yang diketahui sekarang. Laporan yang sah ialah laporan bulanan yang sudah dibekukan.

set-base = Dasar log
set-base-usable = { $set }: dapat dipakai; log dihitung di atasnya
set-base-missing = { $set }: tidak ada cadangan dasar yang dapat dipakai, jadi log ini tidak memulihkan apa pun
report-quotient = { $part } ÷ { $whole } dtk
