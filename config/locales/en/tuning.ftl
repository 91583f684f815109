# Rules that open tickets: values in force, exceptions, observation, ticket budget, replay.
finding-rule-hold-short = The threshold { $rule } for { $subject } holds for only { $seconds } s, less than two sampling periods: one odd reading opens a ticket.
finding-rule-no-hysteresis = The threshold { $rule } for { $subject } clears exactly at its alarm ({ $percent } %): readings around it will open and restore tickets again and again.
finding-rule-off = Rule { $rule } is off for { $subject }: { $reason }
symptom-folded = { $count } more disturbances by the rule { $rule ->
    [terhenti] service down
    [menurun] service degraded
    [cpu] high CPU
    [ram] memory nearly used up
    [storage] storage nearly full
    [bandwidth] busy network
    [agen_senyap] silent agent
    [cadangan] backup
    [cadangan_tak_terlihat] backup source out of sight
    [fungsi] function
    [anggaran] error budget
   *[other] { $rule }
} since { $since_at }, among them { $examples }. Folded into one ticket because there were more than { $budget } tickets within an hour.
activity-folded = { $count } more disturbances were folded into this ticket because the ticket budget of its rule was spent
rule-terhenti = Service down
rule-menurun = Service degraded
rule-cpu = High CPU
rule-ram = Memory nearly used up
rule-storage = Storage nearly full
rule-bandwidth = Busy network
rule-agen-senyap = Silent agent
rule-senyap-massal = Many hosts silent together
rule-cadangan = Backup past its RPO
rule-cadangan-tak-terlihat = Backup source out of sight
rule-fungsi = Failed job
rule-anggaran = Error budget burns too fast
replay-summary = Over the last { $days } days this rule would have opened { $tickets } tickets; really opened: { $opened }. In alarm { $alarm } altogether; judged { $judged } of { $subjects }.
replay-folded = Of these { $folded } would have been folded into one ticket by the ticket budget.
replay-unfinished = Not all is judged: ask for less, or use pantau-collector rule replay.
replay-would-open = Tickets it would have opened
replay-opened = Tickets it really opened
replay-none = None
replay-more = and { $count } more
replay-goes-on = goes on
replay-is-folded = folded
replay-instead = in force { $value }
replay-note-means = Where samples are gone, judged by 5-minute means: shorter peaks are not seen.
replay-note-no-roll-ups = Where samples are gone nothing can be judged: 5-minute means do not hold this reading.
replay-note-silence = Judged by the times of samples: data that came late counts as heard.
replay-note-silence-steps = Where samples are gone only gaps of whole 5-minute steps are seen.
replay-note-answers = Judged by the stored answers of checks, not by the ledger.
replay-note-answers-gone = Answers of a part of that time are gone; what is left is judged.
replay-note-not-replayed = This rule cannot be replayed; shown are the tickets it opened.
