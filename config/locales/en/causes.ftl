# Causes of tickets beside those in tickets.ftl, their evidence, and the first step that is suggested.
symptom-certificate-expiring = The certificate of { $check } of service { $service } expires in { $days } days, at { $expires_at } (limit { $limit } days).
symptom-certificate-expired = The certificate of { $check } of service { $service } expired at { $expires_at }.
symptom-storage-fills = Storage { $part } on host { $host } will be full at { $full_at } if it goes on growing by { $grows } MiB a day.
symptom-inodes-fill = The inodes of { $part } on host { $host } will run out at { $full_at } if they go on growing by { $grows } a day.
symptom-host-reboots = Host { $host } started { $count } times unplanned within 24 hours, since { $since_at }.
symptom-clock-off = The clock of host { $host } is { $direction ->
        [ahead] ahead of
       *[other] behind
    } the collector's by { $offset_s } since { $since_at }.
activity-host-booted = Host { $host } started again at { $booted_at }.
symptom-alert = { $names } ({ $count } alerts, { $group }) since { $since_at }: { $summary }
about-alert = Alert of an Alertmanager

evidence-title = Evidence at opening
evidence-first-step = First step:
evidence-none = No excerpt of observations was kept for this ticket.
evidence-last-good = Last good answer
evidence-phase = Failing phase
evidence-booted = Host started recently
evidence-catalogue = Catalogue changed recently
evidence-catalogue-revision = revision { $revision }, { $at }
evidence-public = Public services affected
evidence-answers = Answers of checks around the onset, newest first
evidence-at = Time
evidence-check = Check
evidence-result = Result
evidence-took = Took
evidence-ms = { $ms } ms
evidence-verdict-ok = Good
evidence-verdict-degraded = Degraded
evidence-verdict-failed = Failed
evidence-verdict-probe-error = Check did not run
evidence-verdict-unspecified = Unknown
evidence-metric-cpu = CPU
evidence-metric-ram = Memory
evidence-metric-storage = Storage
evidence-metric-bandwidth = Traffic
evidence-chart = { $name }: last { $last } %, limit { $limit } %

runbook-akses = Open the service's address from another network, then look at its host and at the latest change.
runbook-akses-resolve = Check the service's DNS records and the DNS server that the asking host uses.
runbook-akses-connect = Check that the host is up, that the service's program runs and listens, and the firewall's rules.
runbook-akses-tls = Check the certificate: its validity, name and chain; then reload the web server.
runbook-akses-processing = The server accepts but does not answer: check the application's log, the database and its queue.
runbook-akses-content = An answer comes but its content is wrong: check the application's log and the latest change.
runbook-kinerja = Find the processes that use most of the host's resources and compare with the same hour of yesterday.
runbook-kapasitas = Find the files that grow (logs, backups, uploads), then clean up or add space before it is full.
runbook-anggaran = Look for short repeated outages on the service's timeline; put off changes until the budget recovers.
runbook-cadangan = See the last result of the backup job, run it again, and make sure its target has room.
runbook-fungsi = Read the last message of the job or alert, then run it again or mend its source.
runbook-sertifikat = Renew the certificate, install it on every address of the service, and reload the web server.
runbook-keamanan = Do not wipe traces: note the time, restrict access, and call the information security team (CSIRT).
runbook-kehilangan-pemantauan = Check that the host is up and reachable, then its pantau-agent service and its clock.

new-contact = Contact of the reporter (telephone or e-mail)
new-reported = Reported at
new-onset = Began at, if known
new-times-hint = Leave empty when it is reported now. The clocks start at the report, not at its recording.
new-impact-text = Impact in words
refused-times = The times are out of order: begin, then report, then now; at most 90 days ago.
