//! What may be set of rules, and what then holds where.

use super::super::parse;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::{Catalogue, ThresholdMetric};
use crate::domain::rule::Rule;
use crate::domain::rule::tuning::{Origin, Subject};
use pantau_shared::ids::HostId;

const SERVICE: &str = r#"
[[host]]
id = "db-01"
[[host]]
id = "web-01"
[[layanan]]
id = "simpeg"
nama = "SIMPEG"
deskripsi = "d"
penyedia = "p"
cara_akses = "a"
kontak_bantuan = "k"
waktu_bantuan = "w"
kelompok = "publik"
klasifikasi = "esensial"
target_ketersediaan = 99.9
host = ["db-01"]
"#;

fn read(rules: &str) -> Catalogue {
    parse("k.toml", &format!("{SERVICE}{rules}"), 1, &bangka_2025()).expect("valid")
}

#[track_caller]
fn faults(rules: &str, expected: &[&str]) {
    let found = parse("k.toml", &format!("{rules}\n{SERVICE}"), 1, &bangka_2025()).expect_err("faulty");
    assert_eq!(found.to_string().lines().collect::<Vec<_>>(), expected);
}

fn host(name: &str) -> HostId {
    HostId::parse(name).expect("valid")
}

/// Alarm, clearing and hold of a host's part, and who set the alarm.
fn storage(catalogue: &Catalogue, name: &str, part: &str) -> (u32, u32, u32, Origin) {
    let rule = Rule::Threshold(ThresholdMetric::Storage);
    let values = rule.values(catalogue, Some(&host(name)), part);
    let threshold = catalogue.threshold_of(&host(name), ThresholdMetric::Storage, part).expect("there");
    assert_eq!(values[0].value, threshold.alarm_permille, "what is shown is what is judged by");
    (values[0].value, values[1].value, values[2].value, values[0].origin.clone())
}

#[test]
fn the_narrower_wins_value_by_value() {
    let catalogue = read(
        r#"
[[ambang]]
metrik = "storage"
alarm_persen = 92
[[ambang]]
metrik = "storage"
host = "db-01"
bagian = "/arsip"
alarm_persen = 99
pulih_persen = 98
[[ambang]]
metrik = "storage"
layanan = "simpeg"
alarm_persen = 80
selama = "1h"
[[ambang]]
metrik = "storage"
host = "db-01"
pulih_persen = 70
"#,
    );
    let service = Origin::Service(catalogue.services[0].id.clone());
    assert_eq!(storage(&catalogue, "web-01", "/"), (920, 850, 600, Origin::Catalogue));
    assert_eq!(storage(&catalogue, "db-01", "/"), (800, 700, 3600, service));
    assert_eq!(storage(&catalogue, "db-01", "/arsip"), (990, 980, 3600, Origin::Host(host("db-01"))));
    let cpu = Rule::Threshold(ThresholdMetric::Cpu).values(&catalogue, None, "");
    assert_eq!((cpu[0].value, cpu[0].origin.clone()), (950, Origin::Default));
}

#[test]
fn a_rule_is_off_where_it_is_said_and_why() {
    let catalogue = read(
        r#"
[tickets]
observe_seconds = 3600
budget_per_hour = 4
[[aturan]]
kode = "cpu"
aktif = false
alasan = "mesin latihan"
layanan = "simpeg"
[[aturan]]
kode = "cpu"
host = "db-01"
aktif = true
amati = "0s"
[[aturan]]
kode = "cpu"
anggaran_per_jam = 0
[[aturan]]
kode = "terhenti"
layanan = "simpeg"
aktif = false
alasan = "belum dipakai"
"#,
    );
    let (tuning, cpu) = (&catalogue.tuning, Rule::Threshold(ThresholdMetric::Cpu));
    let (db, web) = (host("db-01"), host("web-01"));
    assert!(tuning.turned_off(&catalogue, cpu, Subject::Host(&db, "")).is_none(), "the host wins over its service");
    let off = tuning.turned_off(&catalogue, Rule::Down, Subject::Service(&catalogue.services[0].id));
    assert_eq!(off.and_then(|setting| setting.reason.as_deref()), Some("belum dipakai"));
    let observed = |host| tuning.observe_seconds(&catalogue, cpu, Subject::Host(host, ""));
    assert_eq!((observed(&db), observed(&web)), (0, 3600));
    assert_eq!(tuning.observe_seconds(&catalogue, Rule::AgentSilent, Subject::Host(&web, "")), 0);
    assert_eq!((tuning.budget_per_hour(cpu), tuning.budget_per_hour(Rule::Down)), (None, Some(4)));
    let ids: Vec<&str> = catalogue.findings.iter().map(|finding| finding.phrase.id.as_str()).collect();
    assert_eq!(ids, ["finding-rule-off", "finding-rule-off"], "what is off is shown");
}

#[test]
fn faults_are_told_with_place_and_remedy() {
    faults(
        r#"[[aturan]]
kode = "cpu"
aktif = false
[[aturan]]
kode = "terhenti"
host = "db-01"
aktif = true
[[aturan]]
kode = "agen_senyap"
amati = "1h"
[[aturan]]
kode = "ram"
layanan = "apa"
bagian = "/"
aktif = true
[[aturan]]
kode = "storage"
host = "db-01"
anggaran_per_jam = 3
[[aturan]]
kode = "cpu"
[[ambang]]
metrik = "cpu"
layanan = "lain"
[[ambang]]
metrik = "cpu"
host = "db-01"
pulih_persen = 96"#,
        &[
            "k.toml:1:1: aturan[1].alasan: is missing; say why the rule is off: it is shown beside it",
            "k.toml:6:8: aturan[2].host = \"db-01\": is not for this rule; give `layanan`, or leave it out",
            "k.toml:10:9: aturan[3].amati = \"1h\": is not for this rule; leave it out: what is down, silent or without a backup is always told",
            "k.toml:14:10: aturan[4].bagian = \"/\": is not for this rule; leave it out; only \"storage\" and \"bandwidth\" have parts",
            "k.toml:19:20: aturan[5].anggaran_per_jam = 3: holds for the whole rule; set it in an entry without `host`, `layanan` and `bagian`",
            "k.toml:20:1: aturan[6]: sets nothing; give one of `aktif`, `amati`, `anggaran_per_jam`, `abaikan`; values of thresholds stand in [[ambang]]",
            "k.toml:24:11: ambang[1].layanan = \"lain\": names a service that is not listed; give the `id` of a [[layanan]]",
            "k.toml:25:1: ambang[2].pulih_persen: is above the alarm; give a value at or below `alarm_persen`",
        ],
    );
}

#[test]
fn odd_settings_are_findings() {
    let catalogue = read(
        "[[ambang]]\nmetrik = \"cpu\"\nselama = \"15s\"\n[[ambang]]\nmetrik = \"ram\"\nhost = \"db-01\"\nalarm_persen = 80\npulih_persen = 80\n",
    );
    let told: Vec<(&str, &str)> = catalogue
        .findings
        .iter()
        .map(|f| (f.phrase.id.as_str(), f.phrase.args.get(1).map_or("", |(_, value)| value)))
        .collect();
    assert_eq!(told, [("finding-rule-hold-short", "*"), ("finding-rule-no-hysteresis", "db-01")]);
}

#[test]
fn lists_of_units_add_up_and_are_for_their_rule_alone() {
    let catalogue = read(
        "[[aturan]]\nkode = \"unit_gagal\"\nabaikan = [\"snapd.*\"]\n\
         [[aturan]]\nkode = \"unit_gagal\"\nlayanan = \"simpeg\"\nabaikan = [\"apt-*.service\", \"x?.timer\"]\n",
    );
    let ignored = |name: &str, unit: &str| catalogue.tuning.ignores_unit(&catalogue, &host(name), unit);
    assert!(ignored("web-01", "snapd.service") && ignored("db-01", "snapd.service"));
    assert!(ignored("db-01", "apt-daily.service") && ignored("db-01", "x1.timer"));
    assert!(!ignored("web-01", "apt-daily.service") && !ignored("db-01", "nginx.service"));
    faults(
        "[[aturan]]\nkode = \"cpu\"\nabaikan = [\"a\"]\n[[aturan]]\nkode = \"unit_gagal\"\nabaikan = [\"a[\"]\n",
        &[
            "k.toml:1:1: aturan[1]: sets nothing; give one of `aktif`, `amati`, `anggaran_per_jam`, `abaikan`; values of thresholds stand in [[ambang]]",
            "k.toml:3:12: aturan[1].abaikan[0] = \"a\": is not for this rule; leave it out; only \"unit_gagal\" has units",
            "k.toml:4:1: aturan[2]: sets nothing; give one of `aktif`, `amati`, `anggaran_per_jam`, `abaikan`; values of thresholds stand in [[ambang]]",
            "k.toml:6:12: aturan[2].abaikan[0] = \"a[\": is no pattern; give a name, with `*` for any part of it",
        ],
    );
}
