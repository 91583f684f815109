# Keadaan, putusan, dan istilah dari peraturan.
state-up = Normal
state-degraded = Menurun
state-down = Terhenti
state-unknown = Tidak diketahui

verdict-tercapai = Target tercapai
verdict-tidak-tercapai = Target tidak tercapai
verdict-data-tidak-cukup = Data tidak cukup
verdict-target-belum-ditetapkan = Target belum ditetapkan
verdict-tanpa-waktu-layanan = Tanpa waktu layanan

class-kritis = Kritis
class-esensial = Esensial
class-normal = Normal
group-publik = Layanan Publik
group-administrasi-pemerintahan = Layanan Administrasi Pemerintahan

impact-mayor = Mayor
impact-minor = Minor

ticket-state-baru = Baru
ticket-state-ditanggapi = Ditanggapi
ticket-state-ditangani = Ditangani
ticket-state-dieskalasi = Dieskalasi
ticket-state-pulih = Pulih, menunggu konfirmasi
ticket-state-selesai-terkonfirmasi = Selesai terkonfirmasi
ticket-state-ditutup = Ditutup
ticket-state-dibatalkan = Dibatalkan

backup-segar = Segar
backup-peringatan = Mendekati RPO
backup-langgar = Melanggar RPO
backup-tanpa-cadangan = Tanpa cadangan
backup-belum-ditetapkan = RPO belum ditetapkan
backup-informasi = Tanpa RPO

probe-ok = Berhasil
probe-degraded = Lambat
probe-failed = Gagal
probe-probe-error = Pemeriksaan bermasalah
probe-unspecified = Belum ada jawaban
