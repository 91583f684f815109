# Halaman web.
months-short = Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des
months-long = Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember
unit-seconds = { $count } detik
unit-minutes = { $count } menit
unit-hours = { $count } jam
unit-days = { $count } hari
since = sejak { $time }
ago = { $span } lalu
never-seen = belum pernah terpantau
updated = Diperbarui { $time }
foot = Pantau · setiap detik tercatat
skip-to-content = Langsung ke isi
nav-label = Menu utama
nav-overview = Ringkasan
nav-hosts = Host
nav-tickets = Tiket
nav-backups = Cadangan
nav-reports = Laporan
theme-auto = Tema: ikut sistem
theme-light = Tema: terang
theme-dark = Tema: gelap
demo-banner = Data simulasi: layanan, host, gangguan, dan cadangan pada halaman ini bukan keadaan nyata.
today = Hari ini
days-90 = 90 hari terakhir
none = –

# Ringkasan
overview-title = Ringkasan
overview-lead = Keadaan layanan, gangguan, host, dan cadangan data saat ini
headline-empty = Belum ada layanan yang dipantau
headline-all-up = { $count ->
    [one] Layanan beroperasi normal
   *[other] Seluruh { $count } layanan beroperasi normal
 }
headline-some-up = { $up } dari { $count } layanan beroperasi normal
headline-down = { $count } terhenti
headline-degraded = { $count } menurun
headline-unknown = { $count } tidak diketahui
tiles-label = Angka utama
tile-of = { $part } / { $whole }
tile-targets = Target ketersediaan bulan ini
tile-targets-note = layanan tercapai sejauh ini
tile-targets-none = Belum ada target yang ditetapkan
tile-tickets = Tiket terbuka
tile-tickets-late = { $count } melewati batas waktu
tile-tickets-in-time = Tidak ada yang terlambat
tile-hosts = Host melapor
tile-hosts-silent = { $count } tidak melapor
tile-hosts-note = Semua melapor tepat waktu
tile-backups = Cadangan berisiko
tile-backups-note = dari { $count } set cadangan
findings-title = Perlu dilengkapi
services-empty-title = Belum ada layanan dalam katalog
services-empty-text = Tulis layanan, target, dan pemeriksaannya dalam berkas katalog, lalu terapkan. Contoh lengkap tersedia di config/catalogue.example.toml.
legend-maintenance = Pemeliharaan terencana
open-tickets = Tiket terbuka
all-tickets = Semua tiket
tickets-none-open = Tidak ada gangguan yang terbuka
tickets-more = dan { $count } tiket lainnya
backups-at-risk = Cadangan berisiko
all-backups = Semua cadangan
backups-none-at-risk = Semua cadangan data dalam batas RPO
all-hosts = Semua host
budget-none = Tanpa anggaran gangguan
budget-left = Sisa anggaran gangguan { $span }
budget-over = Anggaran gangguan terlampaui { $span }
target-none = Target belum ditetapkan
target-value = Target { $value }
coverage-value = Cakupan { $value }

# Bilah hari
day-bar-label = Ketersediaan { $service } per hari, { $count } hari terakhir
day-availability = tersedia { $value }
day-no-data = tidak ada data
day-down = terhenti { $value }
day-degraded = menurun { $value }
day-unknown = tidak diketahui { $value }
day-excluded = pemeliharaan { $value }

# Host
hosts-title = Host
hosts-lead = Server yang menjalankan agen Pantau.
hosts-empty-title = Belum ada host yang bergabung.
hosts-empty-text = Pasang agen pada server pertama dengan tiga langkah di bawah ini. Data muncul dalam 15 detik.
hosts-add = Tambahkan host
hosts-add-title = Menambahkan host
hosts-add-step-token = Pada server Pantau, buat token sekali pakai untuk host baru:
hosts-add-step-join = Pada host baru, pasang pantau-agent lalu gabungkan dengan token tersebut:
hosts-add-step-run = Jalankan agen sebagai layanan:
hosts-add-address = alamat-pantau
hosts-add-note = Token berlaku sekali dan terbatas waktunya. Perintah host join-token mencetak baris join lengkap beserta sidik sertifikat yang dipercaya agen. Kunci dibuat di host dan tidak pernah keluar darinya.
host-never-seen = belum pernah melapor
host-waiting = Menunggu
host-silent = Tidak melapor
host-reporting = Melapor
metric-cpu = CPU
metric-memory = RAM
metric-storage = Penyimpanan
metric-storage-of = Penyimpanan { $mount }
metric-network = Jaringan
network-in = masuk
network-out = keluar

# Tiket
tickets-title = Tiket gangguan
tickets-lead = Setiap gangguan satu tiket; jam tanggap dan penyelesaian mengikuti Tabel 2 dan 4.
ticket-new = Tiket baru
filter-state = Status
filter-priority = Prioritas
filter-sort = Urutkan
filter-open = Terbuka
filter-all = Semua
filter-all-priorities = Semua prioritas
filter-apply = Terapkan
filter-reset = Hapus saringan
sort-priority = Menurut prioritas
sort-due = Menurut batas waktu
priority-value = Prioritas { $number }
tickets-empty-filtered = Tidak ada tiket yang cocok
tickets-empty-text = Gangguan yang terdeteksi membuka tiket dengan sendirinya. Laporan dari telepon, surat, atau email dapat dicatat sebagai tiket baru.
tickets-full = Hanya 200 tiket terbaru yang ditampilkan. Persempit dengan saringan.
column-priority = Prioritas
column-disturbance = Gangguan
column-state = Status
column-reported = Dilaporkan
column-due = Batas waktu
due-response = Tanggapan
due-resolution = Penyelesaian
due-no-target = target belum ditetapkan
due-late = terlambat { $span }
due-left = sisa { $span }
due-done-late = terlambat { $span }
due-done-in-time = tepat waktu, sisa { $span }

# Cadangan
backup-none = belum ada cadangan yang dapat dipakai
backup-age = usia data { $span }
