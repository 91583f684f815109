# How a host is beside the use of its resources: failed systemd units and its clock.
symptom-units-failed = { $count ->
        [one] One systemd unit stays failed
       *[other] { $count } systemd units stay failed
    } on host { $host } since { $since_at }: { $units }.
symptom-clock-free = The clock of host { $host } follows no time reference since { $since_at }.
symptom-clock-offset = The clock of host { $host } is off by { $offset_ms } ms by its own timekeeping since { $since_at }.
runbook-fungsi-units = On that host run systemctl --failed, read journalctl -u UNIT, mend the cause, then systemctl restart UNIT.
runbook-fungsi-clock = Check the host's time service (timedatectl, chronyc tracking) and whether its NTP server is reachable (UDP 123).
runbook-fungsi-reboot = Read the log before each start (journalctl -b -1), then check power, heat, memory and automatic updates.

units-title = Failed systemd units
units-none = No unit has failed.
units-untold = This host does not tell of its units: it has no systemd, or its agent has not sent them yet.
units-ignored = ignored
units-ignored-hint = Not counted by the rule unit_gagal (abaikan in the catalogue).
units-more = and { $count } more that the agent does not name
column-unit = Unit
column-failed-since = Failed since
clock-title = Clock of the host
clock-column-source = Source
clock-column-state = State
clock-column-offset = Offset
clock-own = The host's own timekeeping
clock-own-hint = kernel, adjtimex
clock-receipt = Receipt at the collector
clock-receipt-hint = time of flight included
clock-synchronized = In step
clock-free = Follows no reference
clock-untold = Unknown
clock-right = Right
clock-off = Off
clock-within = less than { $limit }
clock-error = at most { $error }
clock-ahead = { $span } ahead
clock-behind = { $span } behind

replay-note-samples-gone = Time whose samples are gone is not judged: names of units and readings of clocks are not kept beyond them.
replay-note-own-clock = Judged by the host's own timekeeping alone; the skew at receipt is not kept.

clock-example-response = Response time by the example SLA (Tabel 12)
clock-at-most = at most { $span }
