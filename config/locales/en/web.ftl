# Web pages.
months-short = Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec
months-long = January February March April May June July August September October November December
unit-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
 }
unit-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
 }
unit-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
 }
unit-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
 }
since = since { $time }
ago = { $span } ago
never-seen = never watched so far
updated = Updated { $time }
foot = Pantau · every second accounted for
skip-to-content = Skip to content
nav-label = Main menu
nav-overview = Overview
nav-hosts = Hosts
nav-tickets = Tickets
nav-backups = Backups
nav-reports = Reports
theme-auto = Theme: system
theme-light = Theme: light
theme-dark = Theme: dark
demo-banner = Simulated data: the services, hosts, disturbances and backups on this page are not real.
today = Today
days-90 = Last 90 days
none = –

# Overview
overview-title = Overview
overview-lead = Services, disturbances, hosts and backups right now
headline-empty = No service is watched yet
headline-all-up = { $count ->
    [one] The service is operational
   *[other] All { $count } services are operational
 }
headline-some-up = { $up } of { $count } services are operational
headline-down = { $count } down
headline-degraded = { $count } degraded
headline-unknown = { $count } unknown
tiles-label = Key figures
tile-of = { $part } / { $whole }
tile-targets = Availability targets this month
tile-targets-note = services meet theirs so far
tile-targets-none = No target is set yet
tile-tickets = Open tickets
tile-tickets-late = { $count } past due
tile-tickets-in-time = None is late
tile-hosts = Hosts reporting
tile-hosts-silent = { $count ->
    [one] { $count } is silent
   *[other] { $count } are silent
 }
tile-hosts-none = No host has joined
tile-hosts-note = All report on time
tile-backups = Backups at risk
tile-backups-note = { $count ->
    [one] of { $count } backup set
   *[other] of { $count } backup sets
 }
findings-title = To be completed
services-empty-title = The catalogue holds no service yet
services-empty-text = Write services, targets and checks into a catalogue file and apply it. A complete example is in config/catalogue.example.toml.
legend-maintenance = Planned maintenance
open-tickets = Open tickets
all-tickets = All tickets
tickets-none-open = No disturbance is open
tickets-more = and { $count } more
backups-at-risk = Backups at risk
all-backups = All backups
backups-none-at-risk = All backups are within their RPO
all-hosts = All hosts
budget-none = No error budget
budget-left = Error budget left: { $span }
budget-over = Error budget overspent by { $span }
target-none = No target set
target-value = Target { $value }
coverage-value = Coverage { $value }

# Day bar
day-bar-label = Availability of { $service } by day, last { $count } days
day-availability = available { $value }
day-no-data = no data
day-down = down { $value }
day-degraded = degraded { $value }
day-unknown = unknown { $value }
day-excluded = maintenance { $value }

# Hosts
hosts-title = Hosts
hosts-lead = Servers that run the Pantau agent.
hosts-empty-title = No host has joined yet.
hosts-empty-text = Install the agent on a first server in the three steps below. Data appear within 15 seconds.
hosts-add = Add a host
hosts-add-title = Add a host
hosts-add-step-token = On the Pantau server, make a single-use token for the new host:
hosts-add-step-join = On the new host, install pantau-agent and join with that token:
hosts-add-step-run = Run the agent as a service:
hosts-add-address = pantau-address
hosts-add-note = A token works once and expires. The command host join-token prints the complete join line with the fingerprint of the certificate that the agent will trust. The key is made on the host and never leaves it.
host-never-seen = has never reported
host-waiting = Waiting
host-silent = Silent
about-site = Hosts of the whole site
host-reporting = Reporting
metric-cpu = CPU
metric-memory = RAM
metric-storage = Storage
metric-storage-of = Storage { $mount }
metric-network = Network
network-in = in
network-out = out

# Tickets
tickets-title = Disturbance tickets
tickets-lead = One ticket per disturbance; the clocks follow Tabel 2 and 4 of the regulation.
ticket-new = New ticket
filter-state = State
filter-priority = Priority
filter-sort = Sort
filter-open = Open
filter-all = All
filter-all-priorities = All priorities
filter-apply = Apply
filter-reset = Clear filters
sort-priority = By priority
sort-due = By due time
priority-value = Priority { $number }
tickets-empty-filtered = No ticket matches
tickets-empty-text = Detected disturbances open tickets by themselves. Reports by phone, letter or mail can be recorded as a new ticket.
tickets-full = Only the newest 200 tickets are shown. Narrow down with the filters.
column-priority = Priority
column-disturbance = Disturbance
column-state = State
column-reported = Reported
column-due = Due
due-response = Response
due-resolution = Resolution
due-no-target = no target set
due-late = late by { $span }
due-left = { $span } left
due-done-late = late by { $span }
due-done-in-time = in time, { $span } to spare

# Backups
backup-none = no usable backup yet
backup-age = data is { $span } old
backup-rpo-none = RPO not set
backup-rpo = RPO below { $span }
backup-broke = exceeded since { $time }
backup-breaks = at { $time } unless a new backup comes
backup-not-looked = never looked at
backup-looked = looked at { $span } ago
backup-estimated = estimate
backups-title = Backups
backups-lead = Exposure to data loss: the time from the data of the newest usable backup until now.
backups-empty-title = The catalogue holds no backup set yet
backups-empty-text = Add a backup section to a service in the catalogue file: the host that sees the backups, the file pattern, and the RPO. The agent only looks; judging is done here.
column-set = Backup set
column-exposure = Exposure to data loss
column-data-time = Data time
column-rpo-moment = RPO is exceeded

# Service
availability = Availability
month-choose = Choose a month
month-previous = Previous month
month-next = Next month
outages-title = Outages
outages-none = No outage in this month
outage-running = still going on
outage-began-before = began before this month
column-begin = Begin
column-end = End
column-counted = Counted downtime
checks-title = Checks
checks-none = This service has no check, so its state is not known. Add a check section to the catalogue.
column-check = Check
column-answer = Latest answer
column-duration = Duration
column-from-host = From host
phase-resolve = name
phase-connect = connect
phase-tls = TLS
phase-first-byte = first byte
phase-transfer = content
certificate-until = Certificate valid until { $time } ({ $span } left)
service-tickets = Tickets of this service
service-tickets-none = No ticket for this service yet
service-backups-none = No backup set for this service yet
catalogue-title = Service catalogue
catalogue-note = 11 fields by 2.1.1.2 of the regulation
not-set = not set
less-than = less than { $span }
target-monthly = at least { $value } per calendar month
field-name = Name
field-description = Description
field-provider = Provider
field-administrators = Service administrators
field-infrastructure = Infrastructure and technical administrators
field-access = How to access it
field-target = Availability target
field-contact = Support contact
field-support-hours = Support hours
field-user-target = User service target
field-availability = Availability
field-availability-value = Service hours { $hours }; measured this month { $value }
field-rpo = RPO
field-rto = RTO
field-plan = Recovery plan (DRP)

# Figures
figure-seconds = { $count } s
figure-agreed = Service time
figure-up = Available
figure-degraded = Of which degraded
figure-down = Downtime
figure-unknown = Unknown
figure-excluded = Planned maintenance
figure-min = Lowest availability
figure-max = Highest availability
figure-coverage = Monitoring coverage
figure-outages = Outages
figure-longest = longest { $span }
figure-mtrs = Mean time to restore (MTRS)
figure-mtbf = Mean time between failures (MTBF)

# One host
range-label = Time range
range-1h = 1 hour
range-6h = 6 hours
range-24h = 24 hours
range-7d = 7 days
range-30d = 30 days
range-13m = 13 months
metric-storage-fullest = Storage (fullest)
network-now = in { $in } · out { $out }
chart-empty = No data in this range yet
chart-failed = The chart's data could not be loaded
chart-script = Charts need JavaScript; the table below has the same figures.
series-title = Lowest, mean, highest
column-metric = Metric
column-low = Lowest
column-mean = Mean
column-high = Highest
filesystems-title = File systems
column-mount = Mount point
column-used = Used
column-size = Size
column-available = Available
column-inodes = Inodes used
read-only = read-only
interfaces-title = Network interfaces
column-interface = Interface
column-link = Link
column-received = Received
column-sent = Sent
column-errors = Errors and drops
link-up = up
link-down = down
host-no-sample = This host has not sent a sample yet
host-catching-up = After an outage this host is still catching up. What is new is shown as always; of what came before, all is here up to { $time }, and what follows is still on its way and counts as unknown until then.
host-lost = { $number } observations were lost at the agent (spool full or damaged) and are counted as lost.
host-services = Services on this host
host-services-none = No service of the catalogue runs on this host
facts-title = Facts
fact-hostname = Host name
fact-system = Operating system
fact-processors = Processors
fact-agent = Agent version
fact-memory = RAM
fact-uptime = Up for
fact-load = Load over 1, 5, 15 minutes
fact-joined = Joined
fact-accepted = Observations accepted

# One ticket
form-title = Disturbance form (Formulir Penanganan Aduan)
form-basis = 15 fields by 2.2.1.2 of the regulation
form-field-1 = Date and time of recording
form-field-2 = Reporter
form-field-3 = Reporting method
form-field-4 = Category
form-field-5 = Symptom
form-field-6 = Impact
form-field-7 = Priority
form-field-8 = Cause
form-field-9 = State
form-field-10 = Configuration components concerned
form-field-11 = Handling activities
form-field-12 = Service administrators and infrastructure and application administrators
form-field-13 = Method of telling the reporter about progress
form-field-14 = Date and time the solution was confirmed by the reporter
form-field-15 = Date and time the report was closed
form-log-entries = { $count ->
    [one] { $count } entry, below
   *[other] { $count } entries, below
 }
impact-mayor-meaning = the service fails as a whole
impact-minor-meaning = the service runs, but slower or with a function missing
reporter-system = Monitoring system
actor-system = System
cause-missing = not given yet, required before closing
clocks-title = Clocks
clock-response = Response time
clock-resolution = Resolution time
clock-due = due
times-title = Times
time-onset = Onset
time-reported = Reported
time-response = First response
time-estimate = Expected solution
time-restored = Restored
time-recurrences = Recurrences
time-flapping = Flapping since
time-recovery-prompt = Recovery plan brought up
time-occurrences = Occurrences
time-escalation = Escalation (Tabel 14)
time-escalation-level = Level { $level }: { $people }
time-related = Related ticket
time-sla = Version of targets
log-title = Handling activities
log-kind-opened = Ticket opened
log-kind-acknowledged = Acknowledged
log-kind-comment = Note
log-kind-estimate = Expected solution
log-kind-escalated = Escalated
log-kind-cause = Cause
log-kind-restored = Restored
log-kind-recurred = Recurred
log-kind-confirmed = Solution confirmed
log-kind-closed = Report closed
log-kind-cancelled = Cancelled
log-kind-updated = Updated
actions-title = Actions
action-acknowledge = Acknowledge
action-acknowledge-hint = Stops the response clock (Tabel 4).
action-confirm = Confirm the solution
action-confirm-button = The reporter has confirmed
action-close = Close the report
action-close-hint = Needs a cause (field 8).
action-comment = Note an activity
action-comment-text = Note
action-comment-button = Save the note
action-estimate = Expected solution
action-estimate-text = Expected to be solved at
action-estimate-button = Work on it with this estimate
action-cause = Cause
action-cause-button = Save the cause
action-escalate = Escalate
action-escalate-button = Escalate
action-reason = Reason
action-cancel = Cancel
action-false-alarm = False alarm (left out of the means)
action-cancel-button = Cancel the ticket
action-done = The action is saved.
refused-transition = This action is not possible while the ticket is “{ $state }”.
refused-cause = Give a cause (field 8) before closing the report.
refused-text = The text must have 1 to { $max } characters.
refused-estimate = The expected solution must lie in the future.
refused-code = “{ $value }” is not in the list.
reported-again = A ticket is open for this service already; this report is noted here.
refused-form = Something is missing or not known. Please check the form.
refused-csrf = The form has expired. Reload the page and try again.
ticket-new-title = New ticket
ticket-new-lead = Record a disturbance that was reported by phone, letter, mail or in person. The clocks start when it is saved.
new-service = Disturbed service
new-priority-hint = Priority and targets follow from impact, group and class of the service (Tabel 2, 3 and 4).
new-button = Open the ticket
back = Back
method-sistem-pemantauan = Monitoring system
method-telepon = Phone
method-surat = Letter
method-email = E-mail
method-tatap-muka = In person
method-aplikasi = Application
category-jaringan = Network
category-listrik = Power
category-perangkat-keras = Hardware
category-sistem-operasi = Operating system
category-basis-data = Database
category-aplikasi = Application
category-sertifikat = Certificate
category-kapasitas = Capacity
category-cadangan-data = Backup
category-keamanan-informasi = Information security
category-pihak-ketiga = Third party
category-pengguna = User
category-pemantauan = Monitoring

# Report
report-title = Availability report
report-running = month to date
report-summary = Summary
report-services = { $count ->
    [one] service
   *[other] services
 }
report-services-title = Availability by service
report-notes = Notes and assumptions
report-how = How it is counted
report-how-text = Availability = available ÷ (available + down), counted in seconds and floored. Time without data never counts as available; the bounds show the value if all of it was down or all of it was up.
report-source = Source
report-profile = Profile
report-revision = Catalogue revision
report-made = Made
column-service = Service
column-target = Target
column-verdict = Verdict
print = Print

# Errors
error-400 = The request cannot be read
error-400-text = A field or the address is incomplete. Go back, reload, and try again.
error-403 = Not allowed
error-403-text = Your role does not permit this, or the form has expired.
error-404 = Page not found
error-404-text = There is no such address, or what it names is no longer in the catalogue.
error-500 = Something went wrong
error-500-text = The request could not be completed. Details are in the collector's log.
error-home = To the overview
