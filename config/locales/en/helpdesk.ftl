# What others change in our tickets at a help desk, priorities by people, and confirmation without an answer.
elsewhere-solved = At { $desk }: said to be solved{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-closed = At { $desk }: closed{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-reopened = At { $desk }: opened again{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-untaken = At { $desk }: put back into the queue{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-in-progress = At { $desk }: work has begun{ $named ->
        [yes] , changed by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-pending = At { $desk }: put on hold{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-assigned = At { $desk }: assigned to { $assignee }{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-unassigned = At { $desk }: assigned to nobody any more{ $named ->
        [yes] , changed by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-priority = At { $desk }: priority there changed from { $from } to { $to }{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }.
elsewhere-entry = At { $desk }: new entry{ $named ->
        [yes] {" "}by { $by }
       *[other] {""}
    }{ $timed ->
        [yes] {" "}at { $done_at }
       *[other] {""}
    }; its text is read there.
elsewhere-stage-baru = New there
elsewhere-stage-ditangani = In progress there
elsewhere-stage-tertunda = On hold there
elsewhere-stage-selesai = Solved there
elsewhere-stage-ditutup = Closed there
elsewhere-nobody = the system
elsewhere-assignee = Assigned to { $name }
elsewhere-changed = Last changed by { $by }, { $time }
elsewhere-newest-entry = Newest entry by { $by }, { $time }
elsewhere-offer = At { $desk } { $by } said on { $time } that it is solved. Confirm if that is the reporter's answer.

activity-priority = Priority changed from P{ $from } to P{ $to }: { $reason }
action-priority = Change the priority
action-priority-hint = The response target follows until somebody has responded; the resolution target (Tabel 2) stays.
action-priority-new = New priority
action-priority-button = Change priority
refused-priority = The ticket has this priority already.
log-kind-priority = Priority changed
log-kind-elsewhere = At the help desk
log-kind-lapsed = Confirmed automatically

activity-lapsed = Confirmed automatically: no answer for { $after_s } since it was restored (G09); not a person's confirmation.
method-otomatis = Automatic, without an answer (G09)
form-confirmed-by-nobody = automatically, by nobody
review-lapsed = Confirmed automatically (G09)

delivery-event-priority = Priority of ticket { $number } changed
delivery-event-lapsed = Ticket { $number } was confirmed automatically
delivery-event-short-priority = Priority changed
delivery-event-short-lapsed = Confirmed automatically
