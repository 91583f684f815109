# Apa yang diubah orang lain pada tiket kita di meja bantuan, prioritas oleh orang, dan konfirmasi tanpa jawaban.
elsewhere-solved = Di { $desk }: dinyatakan selesai{ $named ->
        [yes] {" "}oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-closed = Di { $desk }: ditutup{ $named ->
        [yes] {" "}oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-reopened = Di { $desk }: dibuka kembali{ $named ->
        [yes] {" "}oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-untaken = Di { $desk }: dikembalikan ke antrean{ $named ->
        [yes] {" "}oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-in-progress = Di { $desk }: mulai ditangani{ $named ->
        [yes] , diubah oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-pending = Di { $desk }: ditunda{ $named ->
        [yes] {" "}oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-assigned = Di { $desk }: ditugaskan kepada { $assignee }{ $named ->
        [yes] {" "}oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-unassigned = Di { $desk }: tidak lagi ditugaskan kepada siapa pun{ $named ->
        [yes] , diubah oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-priority = Di { $desk }: prioritas di sana diubah dari { $from } menjadi { $to }{ $named ->
        [yes] {" "}oleh { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }.
elsewhere-entry = Di { $desk }: entri baru{ $named ->
        [yes] {" "}dari { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}pada { $done_at }
       *[other] {""}
    }; isinya dibaca di sana.
elsewhere-stage-baru = Baru di sana
elsewhere-stage-ditangani = Ditangani di sana
elsewhere-stage-tertunda = Ditunda di sana
elsewhere-stage-selesai = Selesai di sana
elsewhere-stage-ditutup = Ditutup di sana
elsewhere-nobody = sistem
elsewhere-assignee = Ditugaskan kepada { $name }
elsewhere-changed = Terakhir diubah oleh { $by }, { $time }
elsewhere-newest-entry = Entri terakhir dari { $by }, { $time }
elsewhere-offer = Di { $desk } sudah dinyatakan selesai oleh { $by }, { $time }. Konfirmasikan bila itu jawaban pelapor.

activity-priority = Prioritas diubah dari P{ $from } menjadi P{ $to }: { $reason }
action-priority = Ubah prioritas
action-priority-hint = Batas waktu tanggap ikut berubah selama belum ada respons; batas penyelesaian (Tabel 2) tetap.
action-priority-new = Prioritas baru
action-priority-button = Ubah prioritas
refused-priority = Tiket ini sudah berprioritas itu.
log-kind-priority = Prioritas diubah
log-kind-elsewhere = Di meja bantuan
log-kind-lapsed = Dikonfirmasi otomatis

activity-lapsed = Dikonfirmasi otomatis: tidak ada jawaban selama { $after_s } sejak pulih (G09); bukan konfirmasi oleh orang.
method-otomatis = Otomatis, tanpa jawaban (G09)
form-confirmed-by-nobody = otomatis, bukan oleh orang
review-lapsed = Dikonfirmasi otomatis (G09)

delivery-event-priority = Prioritas tiket { $number } diubah
delivery-event-lapsed = Tiket { $number } dikonfirmasi otomatis
delivery-event-short-priority = Prioritas diubah
delivery-event-short-lapsed = Dikonfirmasi otomatis
