//! Good and bad catalogue files against what is read or said of them.

use super::*;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::ThresholdMetric;

const EXAMPLE: &str = include_str!("../../../../config/catalogue.example.toml");

#[test]
fn the_example_is_valid_and_its_findings_are_known() {
    let catalogue = parse("catalogue.example.toml", EXAMPLE, 3, &bangka_2025()).expect("valid");
    assert_eq!(catalogue.revision, 3);
    let ids: Vec<&str> = catalogue.services.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["simpeg", "e-office", "ppid", "website"]);
    let findings: Vec<(&str, &str)> = catalogue
        .findings
        .iter()
        .map(|f| (f.service.as_ref().map_or("", |id| id.as_str()), f.phrase.id.as_str()))
        .collect();
    assert_eq!(findings, [("website", "finding-no-resolution-target")]);
    let storage = catalogue.thresholds.iter().find(|t| t.metric == ThresholdMetric::Storage).expect("there");
    assert_eq!((storage.alarm_permille, storage.clear_permille, storage.hold_seconds), (900, 850, 600));
    assert_eq!(catalogue.services[0].rpo_seconds, Some(26 * 3600));
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let faults = parse("k.toml", text, 1, &bangka_2025()).expect_err("faulty");
    assert_eq!(faults.to_string().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn all_faults_come_at_once() {
    check(
        "[[host]]\nid = \"a\"\n[[layanan]]\nid = \"Web\"\nname = \"x\"\nkelompok = \"publik\"\nklasifikasi = \"gawat\"\nhost = [\"b\"]\n",
        &[
            "k.toml:3:1: layanan[1].nama: is missing; give a text",
            "k.toml:3:1: layanan[1].deskripsi: is missing; give a text",
            "k.toml:3:1: layanan[1].penyedia: is missing; give a text",
            "k.toml:3:1: layanan[1].cara_akses: is missing; give a text",
            "k.toml:3:1: layanan[1].kontak_bantuan: is missing; give a text",
            "k.toml:3:1: layanan[1].waktu_bantuan: is missing; give a text",
            "k.toml:4:6: layanan[1].id = \"Web\": identifier `Web` may hold only a-z, 0-9, '-', '_', '.', and begins with a letter or digit; such as \"simpeg-web\"",
            "k.toml:5:1: layanan[1].name: is not a known key; known here: administrator_infrastruktur, administrator_layanan, cadangan, cara_akses, deskripsi, drp, host, id, jam_layanan, kelompok, klasifikasi, kontak_bantuan, nama, pemeriksaan, penyedia, rpo, rto, target_ketersediaan, waktu_bantuan",
            "k.toml:7:15: layanan[1].klasifikasi = \"gawat\": is not known; give one of \"kritis\", \"esensial\", \"normal\"",
            "k.toml:8:9: layanan[1].host[0] = \"b\": names a host that is not listed; list it under [[host]], or correct the name",
        ],
    );
}

#[test]
fn broken_syntax_is_told_with_its_place() {
    let faults = parse("k.toml", "[[layanan]\nid = \n", 1, &bangka_2025()).expect_err("faulty");
    assert_eq!(faults.faults.iter().map(|f| f.line).collect::<Vec<_>>(), [1, 2], "{faults}");
}

#[test]
fn an_identifier_used_twice_is_refused() {
    check(
        "[[host]]\nid = \"a\"\n[[host]]\nid = \"a\"\n",
        &["k.toml:4:6: host[2].id = \"a\": is used twice; give every one its own identifier"],
    );
}
