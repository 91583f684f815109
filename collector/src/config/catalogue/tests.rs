//! Good and bad catalogue files against what is read or said of them.

use super::*;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::{ServiceId, ThresholdMetric};

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
            "k.toml:5:1: layanan[1].name: is not a known key; known here: administrator_infrastruktur, administrator_layanan, bergantung_pada, cadangan, cakupan_min, cara_akses, deskripsi, drp, host, id, jam_layanan, kelompok, kinerja_turun, klasifikasi, komponen, kontak_bantuan, nama, pemberitahuan_min, pemeliharaan, pemeliharaan_maks_per_bulan, pemeriksaan, penyedia, periode_target, rpo, rto, susunan, target_ketersediaan, waktu_bantuan",
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

/// A whole service with `lines` in its table and `rest` after it.
fn service(id: &str, lines: &str, rest: &str) -> String {
    format!(
        "[[layanan]]\nid = \"{id}\"\nnama = \"n\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"c\"\n\
         kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"esensial\"\n\
         host = [\"h\"]\n{lines}\n{rest}"
    )
}

#[test]
fn parts_that_are_not_there_and_cycles_are_refused() {
    let check_a = "[[layanan.pemeriksaan]]\nid = \"a\"\njenis = \"tcp\"\nalamat = \"x\"\nport = 1\npenentu = [\"z\"]\n";
    let lines = "jam_layanan = \"kantor\"\nsusunan = { k = 3, dari = [\"a\", \"b\"] }\nbergantung_pada = [\"s\"]";
    let faults = parse("k.toml", &service("s", lines, check_a), 1, &bangka_2025()).expect_err("faulty").to_string();
    for expected in [
        "layanan[1].jam_layanan = \"kantor\": is not known; give one of \"24x7\", \"jam-kerja-asn\"",
        "layanan[1].susunan.dari[1] = \"b\": is no component and no check of this service",
        "layanan[1].susunan.k = 3: is more than there are in `dari`",
        "layanan[1].bergantung_pada[0] = \"s\": is part of this service",
        "layanan[1].pemeriksaan[1].penentu[0] = \"z\": does not ask this check",
    ] {
        assert!(faults.contains(expected), "{expected} in {faults}");
    }
    let ring = [("x", "y"), ("y", "z"), ("z", "x")]
        .map(|(id, needs)| service(id, &format!("bergantung_pada = [\"{needs}\"]"), ""));
    let faults = parse("k.toml", &ring.concat(), 1, &bangka_2025()).expect_err("a cycle").to_string();
    assert!(faults.contains("layanan[3].bergantung_pada[0] = \"x\": depends on this service in turn"), "{faults}");
}

#[test]
fn a_looser_part_and_unconfirmed_hours_are_findings() {
    let rest = "[[layanan.pemeriksaan]]\nid = \"a\"\njenis = \"tcp\"\nalamat = \"x\"\nport = 1\n\
                [[layanan.komponen]]\nid = \"db\"\npemeriksaan = [\"a\"]\ntarget_ketersediaan = 99.0\n";
    let lines = "target_ketersediaan = 99.5\njam_layanan = \"jam-kerja-asn\"";
    let catalogue = parse("k.toml", &service("s", lines, rest), 1, &bangka_2025()).expect("valid");
    let findings: Vec<&str> = catalogue.findings.iter().map(|finding| finding.phrase.id.as_str()).collect();
    assert_eq!(findings, ["finding-calendar-unconfirmed", "finding-component-target-looser"]);
}

const OFFICERS: &str = r#"
[[petugas]]
id = "sari"
nama = "Sari"
peran = ["administrator_layanan"]
layanan = ["simpeg"]
piket = "jam-kerja-asn"
penerima = ["wa-sari"]
jam_tenang = "22:00-05:00"
[[petugas.tidak_hadir]]
dari = "2026-12-21"
sampai = "2026-12-31"
pengganti = "budi"
[[petugas]]
id = "budi"
nama = "Budi"
peran = ["pimpinan"]
"#;

#[test]
fn officers_are_read_and_services_without_anybody_are_findings() {
    let (text, _) = EXAMPLE.split_once("[[petugas]]").expect("the example has officers");
    let text = text.trim_end().trim_end_matches(|c| c != '\n');
    let catalogue = parse("k.toml", &format!("{text}{OFFICERS}"), 1, &bangka_2025()).expect("valid");
    let sari = catalogue.roster.officer("sari").expect("there");
    assert_eq!(sari.duty_name.as_deref(), Some("Jam kerja ASN"));
    assert_eq!(sari.absences[0].substitute.as_deref(), Some("budi"));
    assert_eq!(sari.quiet.map(|hours| hours.to_string()).as_deref(), Some("22:00-05:00"));
    let lonely = catalogue.findings.iter().filter(|finding| finding.phrase.id == "finding-nobody-at-first-level");
    let lonely: Vec<&str> = lonely.filter_map(|finding| finding.service.as_ref()).map(ServiceId::as_str).collect();
    assert_eq!(lonely, ["e-office", "ppid", "website"]);
}

#[test]
fn odd_officers_are_refused() {
    let text = OFFICERS
        .replace("\"simpeg\"", "\"tidak-ada\"")
        .replace("jam-kerja-asn", "24jam")
        .replace("22:00-05:00", "22-5")
        .replace("2026-12-31", "2026-12-01")
        .replace("pengganti = \"budi\"", "pengganti = \"kosong\"")
        .replace("[\"pimpinan\"]", "[\"bupati\"]")
        .replace("id = \"budi\"", "id = \"sari\"");
    check(
        &text,
        &[
            "k.toml:6:12: petugas[1].layanan[0] = \"tidak-ada\": is no service of this file; give the `id` of a [[layanan]]",
            "k.toml:7:9: petugas[1].piket = \"24jam\": is not known; give one of \"24x7\", \"jam-kerja-asn\", \"jam-kerja-asn-ramadan\"",
            "k.toml:9:14: petugas[1].jam_tenang = \"22-5\": is no span of hours; such as \"22:00-06:00\"",
            "k.toml:12:10: petugas[1].tidak_hadir[1].sampai = \"2026-12-01\": lies before `dari`; give the last day of absence",
            "k.toml:13:13: petugas[1].tidak_hadir[1].pengganti = \"kosong\": is no officer; give the `id` of a [[petugas]]",
            "k.toml:15:6: petugas[2].id = \"sari\": is used twice; give every one its own identifier",
            "k.toml:17:10: petugas[2].peran[0] = \"bupati\": is no role of the profile; one of pimpinan, penanggung_jawab_layanan, penanggung_jawab_infrastruktur, administrator_layanan, administrator_infrastruktur",
        ],
    );
}

#[test]
fn witnesses_are_asked_by_who_asks_over_the_network() {
    let catalogue = parse("catalogue.example.toml", EXAMPLE, 3, &bangka_2025()).expect("valid");
    let told: Vec<(&str, Vec<&str>, u32)> = catalogue
        .witnesses
        .iter()
        .map(|w| (w.id.as_str(), w.vantages.iter().map(|host| host.as_str()).collect(), w.interval_ms))
        .collect();
    let expected =
        [("saksi-gerbang", vec!["pantau-01"], 10_000), ("saksi-dns", vec!["pantau-01", "pantau-luar"], 10_000)];
    assert_eq!(told, expected);
    assert!(catalogue.services.iter().all(|service| service.witnesses == catalogue.witnesses));
    // Without `dari`: every host that asks a check over the network, and none that looks at itself only.
    let cut = EXAMPLE.find("[[saksi]]").expect("there")..EXAMPLE.find("[[layanan]]").expect("there");
    let mut text = EXAMPLE.to_owned();
    text.replace_range(cut, "[[saksi]]\nid = \"gw\"\njenis = \"icmp\"\nalamat = \"10.0.0.1\"\n");
    let catalogue = parse("k.toml", &text, 1, &bangka_2025()).expect("valid");
    let asking: Vec<&str> = catalogue.witnesses[0].vantages.iter().map(|host| host.as_str()).collect();
    assert_eq!(asking, ["pantau-01", "pantau-luar"]);
}

#[test]
fn a_witness_must_use_the_network_and_eight_are_enough() {
    check(
        "[[saksi]]\nid = \"w\"\ndari = [\"a\"]\njenis = \"unit\"\nunit = \"x.service\"\n",
        &[
            "k.toml:1:1: saksi[1].jenis: does not use the network; ask something beyond the host: the gateway by icmp, a name server by dns, a public host by tcp",
        ],
    );
    let witness =
        |n: usize| format!("[[saksi]]\nid = \"w{n}\"\ndari = [\"a\"]\njenis = \"icmp\"\nalamat = \"10.0.0.{n}\"\n");
    let text: String = (1..=9).map(witness).collect();
    check(&text, &["k.toml:41:1: saksi[9].dari: is more than 8 witnesses for host a; give the host fewer"]);
}
