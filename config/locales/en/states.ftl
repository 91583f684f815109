# States, verdicts, and the terms of the regulation.
state-up = Operational
state-degraded = Degraded
state-down = Down
state-unknown = Unknown

verdict-tercapai = Target met
verdict-tidak-tercapai = Target not met
verdict-data-tidak-cukup = Not enough data
verdict-target-belum-ditetapkan = No target set
verdict-tanpa-waktu-layanan = No service time

class-kritis = Critical
class-esensial = Essential
class-normal = Normal
group-publik = Public services
group-administrasi-pemerintahan = Internal administrative services

impact-mayor = Major
impact-minor = Minor

ticket-state-baru = New
ticket-state-ditanggapi = Acknowledged
ticket-state-ditangani = In progress
ticket-state-dieskalasi = Escalated
ticket-state-pulih = Restored, to be confirmed
ticket-state-selesai-terkonfirmasi = Confirmed solved
ticket-state-ditutup = Closed
ticket-state-dibatalkan = Cancelled

backup-segar = Fresh
backup-peringatan = Close to RPO
backup-langgar = RPO breached
backup-tanpa-cadangan = No backup
backup-belum-ditetapkan = RPO not set
backup-informasi = No RPO

probe-ok = OK
probe-degraded = Slow
probe-failed = Failed
probe-probe-error = Probe trouble
probe-unspecified = No answer yet
