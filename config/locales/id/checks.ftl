### Pemeriksaan yang tidak dapat dilakukan, pada halaman host.

unasked-title = Pemeriksaan yang tidak dapat dilakukan
unasked-note = Selama begitu, keadaan layanan dari host ini tidak diketahui; layanannya sendiri tidak dinyatakan gagal.
unasked-refused = Ditolak
unasked-trouble = Gangguan pada penanya
column-why = Sebab
