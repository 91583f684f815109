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
