# Keadaan host di luar pemakaian sumber dayanya: unit systemd yang gagal dan jamnya.
symptom-units-failed = { $count } unit systemd tetap gagal pada host { $host } sejak { $since_at }: { $units }.
symptom-clock-free = Jam host { $host } tidak disetel oleh acuan waktu mana pun sejak { $since_at }.
symptom-clock-offset = Jam host { $host } meleset { $offset_ms } md menurut penunjuk waktunya sendiri sejak { $since_at }.
runbook-fungsi-units = Pada host itu jalankan systemctl --failed, baca journalctl -u UNIT, perbaiki sebabnya, lalu systemctl restart UNIT.
runbook-fungsi-clock = Periksa layanan waktu host (timedatectl, chronyc tracking) dan apakah server NTP terjangkau (UDP 123).
runbook-fungsi-reboot = Baca log sebelum setiap penyalaan (journalctl -b -1), lalu periksa catu daya, suhu, memori, dan pembaruan otomatis.

units-title = Unit systemd gagal
units-none = Tidak ada unit yang gagal.
units-untold = Host ini tidak memberi tahu keadaan unitnya: tanpa systemd, atau agennya belum mengirimkannya.
units-ignored = diabaikan
units-ignored-hint = Tidak dihitung oleh aturan unit_gagal (abaikan dalam katalog).
units-more = dan { $count } lagi yang tidak disebut agen
column-unit = Unit
column-failed-since = Gagal sejak
clock-title = Jam host
clock-column-source = Sumber
clock-column-state = Keadaan
clock-column-offset = Selisih
clock-own = Penunjuk waktu host
clock-own-hint = kernel, adjtimex
clock-receipt = Penerimaan di kolektor
clock-receipt-hint = termasuk waktu kirim
clock-synchronized = Disetel
clock-free = Tanpa acuan
clock-untold = Tidak diketahui
clock-right = Tepat
clock-off = Meleset
clock-within = kurang dari { $limit }
clock-error = paling besar { $error }
clock-ahead = { $span } lebih cepat
clock-behind = { $span } lebih lambat

replay-note-samples-gone = Untuk waktu yang contohnya sudah dihapus tidak dinilai: nama unit dan bacaan jam tidak tersimpan.
replay-note-own-clock = Hanya dinilai dari penunjuk waktu host sendiri; selisih saat penerimaan tidak tersimpan.

clock-example-response = Waktu tanggap menurut SLA contoh (Tabel 12)
clock-at-most = paling lama { $span }
