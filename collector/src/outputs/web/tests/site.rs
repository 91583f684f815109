//! A constructed site: every state, verdict and kind of ticket once, at a fixed moment.

use crate::clock_board::ClockSeen;
use crate::domain::availability::{Counts, Figures, Policy, Verdict};
use crate::domain::burn::{Budget, Burn, Forecast, PairNow, STANDARD_30_DAYS};
use crate::domain::catalogue::*;
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Operator, Priority, Profile, TimeTarget};
use crate::domain::rpo::proof::Proof;
use crate::domain::state::State;
use crate::domain::ticket::*;
use crate::rulebook::Rulebook;
use crate::snapshot::*;
use pantau_shared::assignment::{BackupFiles, BackupSource, CheckKind, HttpCheck};
use pantau_shared::envelope::AgentStarted;
use pantau_shared::ids::{BackupSetId, CheckId, HostId};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::sample::{Filesystem, Interface, Kernel, Load, Memory, Sample, Timekeeping, Units};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// 24 Nov 2026 14.05 WIB.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_503_900);
const GIB: u64 = 1024 * 1024 * 1024;

fn host_id(text: &str) -> HostId {
    HostId::parse(text).expect("valid")
}

fn service_id(text: &str) -> ServiceId {
    ServiceId::parse(text).expect("valid")
}

fn set_id(text: &str) -> BackupSetId {
    BackupSetId::parse(text).expect("valid")
}

fn ago(seconds: i64) -> Timestamp {
    NOW.plus_secs(-seconds)
}

/// Figures of November to date from its seconds.
pub(crate) fn figures(down_s: u64, unknown_s: u64, outages: u64, target_ppm: Option<u32>) -> Figures {
    let agreed = 23 * 86_400 + 14 * 3600 + 300;
    let counts = Counts { up_s: agreed - down_s - unknown_s, degraded_s: 0, down_s, unknown_s, excluded_s: 0 };
    let budget =
        target_ppm.map(|ppm| i64::from(1_000_000 - ppm) * i64::try_from(counts.counted_s()).expect("fits") / 1_000_000);
    Figures {
        counts,
        agreed_s: agreed,
        availability_ppm: counts.availability_ppm(),
        availability_min_ppm: counts.availability_min_ppm(),
        availability_max_ppm: counts.availability_max_ppm(),
        coverage_ppm: counts.coverage_ppm(),
        outages,
        longest_outage_s: down_s,
        mtrs_s: down_s.checked_div(outages),
        mtbf_s: counts.up_s.checked_div(outages),
        target_ppm,
        target_changed: false,
        budget_s: budget,
        budget_left_s: budget.map(|budget| budget - i64::try_from(down_s).expect("fits")),
        verdict: Verdict::evaluate(&counts, target_ppm, Policy::default().min_coverage_ppm),
    }
}

/// The regulation of the office, as it is shipped.
pub(crate) fn profile() -> Profile {
    crate::config::profile::bangka_2025()
}

fn check(id: &str, name: &str, url: &str) -> Check {
    Check {
        id: CheckId::parse(id).expect("valid"),
        name: name.into(),
        vantages: vec![host_id("pantau-01")],
        interval_ms: 30_000,
        timeout_ms: 10_000,
        retry_pause_ms: 2_000,
        degraded_after_ms: 2_000,
        certificate_warning_seconds: 14 * 86_400,
        confirm_failures: 2,
        quorum: CheckQuorum::default(),
        kind: CheckKind::Http(HttpCheck { url: url.into(), ..HttpCheck::default() }),
    }
}

fn backup_set(id: &str, name: &str, rpo_hours: Option<u32>) -> BackupSet {
    let source =
        BackupSource::Files(BackupFiles { pattern: format!("/backup/{id}-*.sql.gz"), ..BackupFiles::default() });
    BackupSet {
        name: name.into(),
        rpo_seconds: rpo_hours.map(|hours| hours * 3600),
        ..BackupSet::looked(set_id(id), Look { host: host_id("db-01"), source, interval_ms: 300_000 })
    }
}

fn service(id: &str, name: &str, group: ServiceGroup, class: ServiceClass, target: Option<u32>) -> Service {
    Service {
        id: service_id(id),
        name: name.into(),
        description: format!("Layanan {name} bagi perangkat daerah dan masyarakat Kabupaten Bangka."),
        provider: "Dinas Komunikasi, Informatika dan Statistik".into(),
        service_administrators: vec!["Rina Sari".into()],
        infrastructure_administrators: vec!["Tim Infrastruktur TIK".into()],
        access: format!("https://{id}.bangka.go.id"),
        target: target.map(|ppm| AvailabilityTarget { ppm }),
        support_contact: "bantuan@bangka.go.id · (0717) 92534".into(),
        support_hours: "Senin–Jumat 07.30–16.00 WIB".into(),
        group,
        class,
        service_hours: "24x7".into(),
        rpo_seconds: (class == ServiceClass::Kritis && id != "adminduk").then_some(86_400),
        rto_seconds: (class == ServiceClass::Kritis).then_some(43_200),
        recovery_plan: (class == ServiceClass::Kritis).then(|| "DRP-2025-03".into()),
        hosts: vec![host_id("app-01")],
        checks: vec![check(&format!("{id}-web"), "Halaman utama", &format!("https://{id}.bangka.go.id/"))],
        backups: match id {
            "simpeg" => vec![backup_set("simpeg-db", "Basis data SIMPEG", Some(24))],
            "esakip" => vec![backup_set("esakip-db", "Basis data e-SAKIP", Some(26))],
            "perizinan" => vec![backup_set("perizinan-db", "Basis data perizinan", Some(24))],
            _ => Vec::new(),
        },
        agreement: Agreement::default(),
        composition: Composition::default(),
        witnesses: Arc::default(),
    }
}

fn days(shape: impl Fn(i64) -> (i64, i64, i64)) -> Vec<DayView> {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).expect("valid");
    (0..90)
        .map(|back| {
            let (down_s, unknown_s, degraded_s) = shape(back);
            let whole = if back == 0 { 14 * 3600 + 300 } else { 86_400 };
            let date = today - chrono::Days::new(u64::try_from(back).expect("positive"));
            DayView { date, up_s: whole - down_s - unknown_s, degraded_s, down_s, unknown_s, excluded_s: 0 }
        })
        .rev()
        .collect()
}

/// A budget that fits the figures, burning where much is spent.
fn budget(month: &Figures) -> Option<Budget> {
    let (target_ppm, to_date_s, left_s) = (month.target_ppm?, month.budget_s?, month.budget_left_s?);
    let burning = left_s * 2 < to_date_s;
    let rate_milli = Some(if burning { 4_200 } else { 0 });
    let pairs = STANDARD_30_DAYS.map(|pair| PairNow {
        pair,
        burn: Burn { long_milli: rate_milli, short_milli: rate_milli, fires: burning && pair.factor_milli < 4_200 },
        unfireable: false,
    });
    let forecast = match (burning, left_s < 0) {
        (false, _) => Forecast::Holds,
        (true, true) => Forecast::Broken,
        (true, false) => Forecast::BreaksAt(NOW.plus_secs(2 * 86_400)),
    };
    let (month_s, month_left_s) = (to_date_s * 5 / 4, left_s + to_date_s / 4);
    Some(Budget { as_of: NOW, target_ppm, pairs: pairs.to_vec(), rate_milli, month_s, month_left_s, forecast })
}

fn view(service: &Service, state: State, since_s: i64, month: Figures, days: Vec<DayView>) -> Arc<ServiceView> {
    let (verdict, reason) = match state {
        State::Up => (1, ""),
        State::Degraded => (2, "answered after 2841 ms, more than 2000 ms"),
        State::Down => (3, "connection refused"),
        State::Unknown => (4, "cannot resolve the name"),
    };
    let checks = service
        .checks
        .iter()
        .map(|check| CheckView {
            id: check.id.clone(),
            host: host_id("pantau-01"),
            at: (state != State::Unknown).then(|| ago(12)),
            outcome: (state != State::Unknown).then(|| {
                Arc::new(ProbeOutcome {
                    check: check.id.to_string(),
                    verdict,
                    phase: if state == State::Down { 2 } else { 0 },
                    reason: reason.into(),
                    duration_us: 184_300,
                    resolve_us: Some(2_100),
                    connect_us: (state != State::Down).then_some(4_800),
                    tls_us: (state != State::Down).then_some(31_200),
                    first_byte_us: (state != State::Down).then_some(139_000),
                    transfer_us: (state != State::Down).then_some(7_200),
                    http_status: (state != State::Down).then_some(200),
                    body_bytes: Some(18_240),
                    certificate_expires_at: Some(NOW.plus_secs(61 * 86_400).as_secs()),
                    repeated: false,
                    redirects: 0,
                    ..ProbeOutcome::default()
                })
            }),
        })
        .collect();
    Arc::new(ServiceView {
        maintenance: MaintenanceView::default(),
        id: service.id.clone(),
        at: NOW,
        state,
        since: (state != State::Unknown).then(|| ago(since_s)),
        reason: None,
        budget: budget(&month),
        month,
        days,
        effective_from: Some(ago(90 * 86_400)),
        checks,
    })
}

fn host(id: &str, name: &str, cpu: u32, memory: u32, storage: u32, silent: bool) -> Arc<HostView> {
    let filesystem = |mount: &str, size: u64, used_permille: u64| Filesystem {
        mount_point: mount.into(),
        device: "/dev/sda1".into(),
        kind: "ext4".into(),
        size_bytes: Some(size),
        free_bytes: Some(size / 1000 * (1000 - used_permille)),
        available_bytes: Some(size / 1000 * (1000 - used_permille)),
        inodes: Some(6_553_600),
        inodes_free: Some(6_100_000),
        read_only: Some(false),
    };
    let sample = Sample {
        load: Some(Load { one_centi: Some(142), five_centi: Some(118), fifteen_centi: Some(97) }),
        memory: Some(Memory { total_bytes: Some(16 * GIB), available_bytes: Some(6 * GIB), ..Memory::default() }),
        filesystems: vec![filesystem("/", 80 * GIB, 412), filesystem("/var", 200 * GIB, u64::from(storage))],
        interfaces: vec![Interface {
            device: "ens18".into(),
            receive_bytes: Some(812 * GIB),
            transmit_bytes: Some(1_904 * GIB),
            receive_errors: Some(0),
            transmit_errors: Some(0),
            speed_bits: Some(1_000_000_000),
            up: Some(true),
            ..Interface::default()
        }],
        kernel: Some(Kernel { uptime_ms: Some(41 * 86_400_000), ..Kernel::default() }),
        units: (id == "db-01").then_some(Units { failed: Some(3) }),
        failed_units: if id == "db-01" { vec!["certbot.service".into(), "snapd.service".into()] } else { vec![] },
        timekeeping: (id == "db-01").then_some(Timekeeping {
            synchronized: Some(false),
            offset_us: Some(1_240),
            error_max_us: Some(16_000_000),
        }),
        ..Sample::default()
    };
    let seen = if silent { ago(2 * 3600 + 300) } else { ago(4) };
    Arc::new(HostView {
        id: host_id(id),
        name: name.into(),
        joined_at: ago(86 * 86_400),
        last_seen_at: Some(seen),
        silent,
        started: Some(Arc::new(AgentStarted {
            agent_version: "0.1.0".into(),
            hostname: id.into(),
            os: "Debian GNU/Linux 13 (trixie)".into(),
            kernel: "6.12.43-amd64".into(),
            machine_id_hash: "9f2c".into(),
            cpus: 8,
            architecture: "x86_64".into(),
        })),
        sample: Some((seen, Arc::new(sample))),
        rates: HostRates {
            cpu_permille: Some(cpu),
            memory_permille: Some(memory),
            storage_permille: Some(("/var".into(), storage)),
            network_bytes_per_second: Some((1_560_000, 4_210_000)),
        },
        wellbeing: HostWellbeing {
            failed_units: if id == "db-01" { vec![("certbot.service".into(), ago(5 * 3600))] } else { vec![] },
            full_at: if id == "db-01" { vec![("/var".into(), ago(-5 * 86_400))] } else { vec![] },
            clock: (id == "db-01").then(|| ClockSeen { skew_ms: -84_000, since: ago(900), last: ago(4) }),
        },
        lost_observations: if silent { 312 } else { 0 },
        observations_accepted: 2_140_332,
    })
}

struct TicketSeed {
    number: u32,
    scope: TicketScope,
    class: TicketClass,
    state: TicketState,
    impact: Impact,
    priority: u8,
    reported_s: i64,
    answered_s: Option<i64>,
    symptom: Phrase,
    service: &'static str,
    resolution_hours: Option<u32>,
}

fn ticket(seed: TicketSeed) -> Arc<Ticket> {
    let profile = profile();
    let priority = Priority::new(seed.priority).expect("1 to 6");
    let restored = seed.state == TicketState::Pulih;
    Arc::new(Ticket {
        number: TicketNumber { year: 2026, number: seed.number },
        key: TicketKey { scope: seed.scope, class: seed.class },
        state: seed.state,
        state_before_restored: restored.then_some(TicketState::Ditangani),
        onset_at: ago(seed.reported_s + 34),
        reported_at: ago(seed.reported_s),
        recorded_at: ago(seed.reported_s),
        first_response_at: seed.answered_s.map(ago),
        estimated_at: (seed.state == TicketState::Ditangani).then(|| NOW.plus_secs(3 * 3600)),
        restored_at: restored.then(|| ago(1_500)),
        confirmed_at: None,
        confirmed_by: None,
        closed_at: None,
        reporter: None,
        reporting_method: "sistem_pemantauan".into(),
        category: "aplikasi".into(),
        symptom: seed.symptom,
        impact: seed.impact,
        impact_text: None,
        priority,
        cause: restored.then(|| "Sertifikat kedaluwarsa pada proksi".into()),
        components: vec!["app-01".into()],
        affected_services: vec![service_id(seed.service)],
        members: Vec::new(),
        handlers: vec!["Rina Sari".into(), "Tim Infrastruktur TIK".into()],
        confirmation_method: None,
        response_target: profile.response_target(priority),
        resolution_target: seed
            .resolution_hours
            .map(|hours| TimeTarget { seconds: hours * 3600, operator: Operator::Below }),
        sla_version: profile.version,
        recurrences: 0,
        life: TicketLife::new(ago(seed.reported_s + 34)),
        false_alarm: false,
        version: 1,
        holds_key: true,
    })
}

fn tickets() -> Vec<Arc<Ticket>> {
    let service_scope = |id: &str| TicketScope::Service(service_id(id));
    vec![
        ticket(TicketSeed {
            number: 41,
            scope: service_scope("perizinan"),
            class: TicketClass::Access,
            state: TicketState::Baru,
            impact: Impact::Mayor,
            priority: 1,
            reported_s: 1_320,
            answered_s: None,
            symptom: Phrase::new("symptom-service-down")
                .with("service", "Perizinan Online (SIMPEL)")
                .with("since_at", ago(1_354))
                .with("check", "Halaman utama")
                .with("reason", "connection refused"),
            service: "perizinan",
            resolution_hours: Some(24),
        }),
        ticket(TicketSeed {
            number: 39,
            scope: TicketScope::Backup(set_id("simpeg-db")),
            class: TicketClass::Backup,
            state: TicketState::Ditangani,
            impact: Impact::Minor,
            priority: 4,
            reported_s: 7_200,
            answered_s: Some(6_500),
            symptom: Phrase::new("symptom-backup-overdue")
                .with("set", "Basis data SIMPEG")
                .with("service", "SIMPEG")
                .with("since_at", ago(7_200))
                .with("data_at", ago(26 * 3600)),
            service: "simpeg",
            resolution_hours: Some(12),
        }),
        ticket(TicketSeed {
            number: 38,
            scope: TicketScope::Host(host_id("gis-01"), String::new()),
            class: TicketClass::MonitoringLost,
            state: TicketState::Pulih,
            impact: Impact::Minor,
            priority: 5,
            reported_s: 90_000,
            answered_s: Some(86_000),
            symptom: Phrase::new("symptom-host-silent").with("host", "gis-01").with("since_at", ago(90_034)),
            service: "jdih",
            resolution_hours: None,
        }),
    ]
}

fn backups() -> Vec<Arc<BackupView>> {
    let backup = |id: &str, service: &str, state, data_s: Option<i64>, rpo_hours: u32| {
        Arc::new(BackupView {
            base: None,
            id: set_id(id),
            service: service_id(service),
            state,
            data_time: data_s.map(ago),
            estimated: id == "esakip-db",
            newest: data_s.map(|_| (format!("{id}-20261123.sql.gz"), Some(3 * GIB / 2))),
            rpo_seconds: Some(rpo_hours * 3600),
            operator: Operator::Below,
            at_risk_at: data_s.map(|s| ago(s).plus_secs(i64::from(rpo_hours) * 2880)),
            breach_at: data_s.map(|s| ago(s).plus_secs(i64::from(rpo_hours) * 3600)),
            required: true,
            looked_at: Some(ago(140)),
            error: None,
            unconfirmed_since: (id == "esakip-db").then(|| ago(5 * 3600)),
            proof: data_s.map(|_| if id == "perizinan-db" { Proof::Restored } else { Proof::Seen }),
            suspicions: if id == "esakip-db" { vec![Suspicion::Shrunk] } else { Vec::new() },
            impossible_s: (id == "simpeg-db").then_some(90_000),
            job: None,
            verified: (id == "perizinan-db").then(|| (ago(86_400), Some(ago(90_000)))),
            verification_due: (id != "esakip-db").then(|| ago(-6 * 86_400)),
            drill_until: (id == "perizinan-db").then(|| chrono::NaiveDate::from_ymd_opt(2027, 4, 1).expect("valid")),
            yesterday: Some(state == BackupState::Segar),
            is_backup: true,
        })
    };
    vec![
        backup("perizinan-db", "perizinan", BackupState::Segar, Some(5 * 3600), 24),
        backup("simpeg-db", "simpeg", BackupState::Langgar, Some(26 * 3600), 24),
        backup("esakip-db", "esakip", BackupState::Peringatan, Some(23 * 3600), 26),
    ]
}

fn services() -> Vec<Service> {
    let (public, internal) = (ServiceGroup::Publik, ServiceGroup::AdministrasiPemerintahan);
    vec![
        service("perizinan", "Perizinan Online (SIMPEL)", public, ServiceClass::Kritis, Some(995_000)),
        service("adminduk", "Administrasi Kependudukan", public, ServiceClass::Kritis, Some(999_000)),
        service("jdih", "JDIH Kabupaten Bangka", public, ServiceClass::Normal, None),
        service("simpeg", "SIMPEG", internal, ServiceClass::Kritis, Some(999_000)),
        service("esakip", "e-SAKIP", internal, ServiceClass::Esensial, Some(990_000)),
    ]
}

fn views(services: &[Service]) -> Vec<Arc<ServiceView>> {
    vec![
        view(
            &services[0],
            State::Down,
            1_354,
            figures(16_200, 0, 3, Some(995_000)),
            days(|back| match back {
                0 => (1_354, 0, 0),
                9 => (9_000, 0, 0),
                31 => (5_846, 0, 0),
                58 => (0, 3_600, 0),
                _ => (0, 0, 0),
            }),
        ),
        view(
            &services[1],
            State::Up,
            12 * 86_400,
            figures(600, 0, 1, Some(999_000)),
            days(|back| match back {
                12 => (600, 0, 0),
                40..=41 => (0, 86_400, 0),
                66 => (0, 0, 7_200),
                _ => (0, 0, 0),
            }),
        ),
        view(
            &services[2],
            State::Unknown,
            0,
            figures(0, 700_000, 0, None),
            days(|back| match back {
                0 => (0, 7_500, 0),
                1..=7 => (0, 86_400, 0),
                _ => (0, 0, 0),
            }),
        ),
        view(
            &services[3],
            State::Up,
            41 * 86_400,
            figures(0, 0, 0, Some(999_000)),
            days(|back| match back {
                41 => (1_800, 0, 0),
                _ => (0, 0, 0),
            }),
        ),
        view(
            &services[4],
            State::Degraded,
            2_400,
            figures(2_000, 40_000, 2, Some(990_000)),
            days(|back| match back {
                0 => (0, 0, 2_400),
                3 => (2_000, 0, 3_600),
                20 => (43_200, 0, 0),
                _ => (0, 0, 0),
            }),
        ),
    ]
}

pub(crate) fn catalogue() -> Catalogue {
    Catalogue {
        two_persons: true,
        revision: 7,
        backups: BackupRules { yesterday_reading: true, ..BackupRules::default() },
        services: services(),
        thresholds: vec![
            Threshold { metric: ThresholdMetric::Cpu, alarm_permille: 950, clear_permille: 900, hold_seconds: 600 },
            Threshold { metric: ThresholdMetric::Memory, alarm_permille: 950, clear_permille: 900, hold_seconds: 600 },
            Threshold { metric: ThresholdMetric::Storage, alarm_permille: 900, clear_permille: 870, hold_seconds: 300 },
        ],
        host_silent_after_seconds: 90,
        sample_period_ms: 10_000,
        findings: vec![Finding {
            service: Some(service_id("adminduk")),
            phrase: Phrase::new("finding-critical-without-rpo").with("service", "Administrasi Kependudukan"),
        }],
        host_names: std::collections::BTreeMap::new(),
        tickets: TicketPolicy::default(),
        storm: crate::domain::storm::StormPolicy::default(),
        ..Catalogue::empty()
    }
}

/// The site.
pub(crate) fn snapshot() -> Snapshot {
    let catalogue = catalogue();
    Snapshot {
        register: Arc::default(),
        at: NOW,
        profile: Arc::new(profile()),
        rulebook: Arc::new(Rulebook::of_catalogue(profile().time_zone, &catalogue)),
        services: Arc::new(views(&catalogue.services)),
        catalogue: Arc::new(catalogue),
        hosts: Arc::new(vec![
            host("app-01", "app-01", 318, 624, 581, false),
            host("db-01", "db-01", 871, 702, 932, false),
            host("gis-01", "gis-01", 120, 455, 377, true),
        ]),
        tickets: Arc::new(tickets()),
        vantages: Arc::new(vantages()),
        backups: Arc::new(backups()),
        outbox: OutboxView::default(),
        demo: true,
    }
}

/// One that sees, and one that is cut off.
fn vantages() -> Vec<VantageView> {
    let witness = |id: &str, name: &str, down_since| WitnessView {
        id: CheckId::parse(id).expect("valid"),
        name: name.into(),
        at: Some(NOW.plus_secs(-4)),
        outcome: Some(Arc::new(outcome(down_since))),
        down_since,
    };
    let outage = NOW.plus_secs(-1260);
    vec![
        VantageView {
            host: HostId::parse("app-01").expect("valid"),
            isolated: None,
            witnesses: vec![
                witness("saksi-gerbang", "Gerbang kantor", None),
                witness("saksi-dns", "DNS penyedia", None),
            ],
        },
        VantageView {
            host: HostId::parse("gis-01").expect("valid"),
            isolated: Some(Interval::new(outage, NOW.plus_secs(21))),
            witnesses: vec![
                witness("saksi-gerbang", "Gerbang kantor", Some(outage)),
                witness("saksi-dns", "DNS penyedia", Some(outage.plus_secs(3))),
            ],
        },
    ]
}

fn outcome(down_since: Option<Timestamp>) -> ProbeOutcome {
    let mut outcome = ProbeOutcome { duration_us: 2_300, ..ProbeOutcome::default() };
    outcome.set_verdict(if down_since.is_some() { ProbeVerdict::Failed } else { ProbeVerdict::Ok });
    if down_since.is_some() {
        outcome.reason = "no answer within 5 s".into();
    }
    outcome
}
