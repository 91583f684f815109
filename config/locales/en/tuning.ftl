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
rule-sertifikat = Certificate running out
rule-perkiraan-penuh = Inodes running out
rule-nyala-ulang = Host starts too often
rule-jam-meleset = Clock of a host off
rule-unit-gagal = Failed systemd unit
rule-alertmanager = Alert of another program
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
rules-title = Rules
rules-lead = What opens tickets, by which values in force, and what came of it in the last 30 days. Values are changed in the catalogue.
rules-watching = { $hosts } new hosts are still only watched: threshold rules note the tickets they would open and do not open them yet.
rules-column-rule = Rule
rules-column-values = Values in force
rules-column-state = State
rules-column-tickets = Tickets
rules-column-acted = Acted on
rules-column-false = False alarms
rules-values-none = nothing to set
rules-exceptions = { $count } exceptions
rules-acted = { $acted } ({ $percent } %)
rules-observed = { $count } watched
rules-folded = { $count } folded
rules-hint = Before you change a value, replay the rule: which tickets would it have opened over the last 30 days?
rule-on = On
rule-off = Off
rule-watching = Watching { $hosts } hosts
rule-origin-default = default
rule-origin-catalogue = catalogue
rule-origin-service = service { $name }
rule-origin-host = host { $name }
rule-now = In force
rule-fact-about = Opens a ticket when
rule-fact-off = Off because
rule-fact-values = Values
rule-fact-observe = New hosts
rule-fact-budget = Ticket budget
rule-fact-figures = Last 30 days
rule-figures = { $tickets } tickets, { $acted } acted on, { $false_alarms } false alarms
rule-observe = only watched for the first { $span }
rule-observe-none = told at once
rule-budget = { $count } tickets an hour; the rest is folded into one
rule-budget-none = no bound
rule-watched-title = Time of observation
rule-watched = { $hosts } hosts are still only watched, until { $until } at the latest. What would have opened a ticket is listed below.
rule-begin = Begin now
rule-begun = From now on this rule opens tickets for all hosts there are.
rule-exceptions-title = Exceptions
rule-exceptions-none = None: the same values hold everywhere. Exceptions for a host, a service or a part are written in the catalogue ([[ambang]], [[aturan]]).
rule-whom-everything = Everything
rule-set-on = on
rule-set-off = off: { $reason }
rule-about-terhenti = a service's checks fail in a row, so that it is down
rule-about-menurun = a service answers, but too slowly or with a certificate about to expire
rule-about-cpu = a host's CPU is too high for too long
rule-about-ram = a host's memory is nearly used up for too long
rule-about-storage = a host's file system is nearly full for too long
rule-about-bandwidth = a host's network interface is nearly saturated for too long
rule-about-agen-senyap = a host's agent sends nothing any more
rule-about-senyap-massal = many hosts fall silent together; they are one ticket
rule-about-cadangan = a backup set passes its RPO or has no usable backup
rule-about-cadangan-tak-terlihat = the source of a backup set is no longer reached
rule-about-fungsi = a scheduled job fails, does not start, or takes too long
rule-about-anggaran = a service's error budget is used up too fast
rule-about-sertifikat = the certificate of an endpoint runs out soon
rule-about-perkiraan-penuh = the inodes of a file system are forecast to run out; that of bytes is the early stage of the storage rule
rule-about-nyala-ulang = a host starts outside maintenance more often than is usual
rule-about-jam-meleset = the clock of a host is off the collector's for too long, or by the host's own timekeeping is off or follows no reference
rule-about-unit-gagal = one or more systemd units of a host stay failed; one ticket per host
rule-about-alertmanager = Alertmanager tells of an alert
held-title = Without a ticket of its own (30 days)
held-none = Nothing is held back.
held-column-cause = Because
held-observed = would have opened a ticket (watched)
held-folded = folded into the rule's ticket
replay-title = Replay
replay-lead = Which value is less noisy? Enter another one and see the tickets it would have opened; empty is the value in force. Nothing changes.
replay-go = Replay
replay-field-days = Days back
replay-field-host = Host
replay-field-service = Service
replay-field-all = all
replay-column-begin = Begin
replay-column-lasted = Lasted
replay-busy = Other replays are running; try again in a moment.
replay-unknown-value = { $name } is not a value of this rule.
replay-bad-value = { $name } cannot be "{ $value }".
replay-clear-above-alarm = pulih_persen must not be above alarm_persen.
