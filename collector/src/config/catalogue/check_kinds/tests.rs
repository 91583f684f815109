//! Every kind of check from a file, and what is said of a faulty one.

use super::super::parse;
use super::*;

fn catalogue_text(check: &str) -> String {
    format!(
        "[[layanan]]\nid = \"s\"\nnama = \"S\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
         kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"normal\"\nhost = [\"h\"]\n\
         [[layanan.pemeriksaan]]\nid = \"c\"\n{check}\n"
    )
}

#[track_caller]
fn kind_of(check: &str) -> CheckKind {
    let catalogue = parse("k.toml", &catalogue_text(check), 1, &crate::config::profile::bangka_2025())
        .unwrap_or_else(|faults| panic!("{faults}"));
    catalogue.services[0].checks[0].kind.clone()
}

#[track_caller]
fn fault_of(check: &str) -> String {
    let faults = parse("k.toml", &catalogue_text(check), 1, &crate::config::profile::bangka_2025())
        .expect_err("faulty")
        .to_string();
    faults
        .lines()
        .map(|line| line.split_once("pemeriksaan[1].").map_or(line, |(_, told)| told))
        .collect::<Vec<_>>()
        .join("|")
}

#[test]
fn every_kind_is_read_under_its_own_name() {
    let minimal = [
        "url = \"http://x/\"",
        "alamat = \"x\"\nport = 1",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "server = \"x\"\nnama_dns = \"a.id\"",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "alamat = \"x\"",
        "unit = \"x.service\"",
        "proses = \"x\"",
        "plugin = \"check_x\"",
    ];
    for (kind, keys) in KINDS.into_iter().zip(minimal) {
        assert_eq!(kind_of(&format!("jenis = \"{kind}\"\n{keys}")).name(), kind);
    }
}

#[test]
fn an_http_check_is_read_whole() {
    let kind = kind_of(
        "jenis = \"http\"\nurl = \"https://x/\"\nmetode = \"POST\"\nisi = \"{}\"\nstatus_diterima = [\"201\", \"3xx\"]\n\
         kepala = [{ nama = \"Authorization\", nilai = \"Bearer \", rahasia = \"token\" }]\nisi_pola = \"^ok$\"\n\
         json = [{ penunjuk = \"/db\", nilai = '\"up\"' }]\nkepala_jawaban = [{ nama = \"server\", pola = \"nginx\" }]\n\
         isi_maks = \"128KiB\"",
    );
    let CheckKind::Http(http) = kind else { panic!("http") };
    assert_eq!(
        (http.method.as_str(), http.accept_status.as_slice(), http.body_bytes_max),
        ("POST", &[201, 3][..], 131_072)
    );
    assert_eq!((http.headers[0].value.as_str(), http.headers[0].secret.as_str()), ("Bearer ", "token"));
    assert_eq!((http.json[0].equals.as_str(), http.answer_headers[0].pattern.as_str()), ("\"up\"", "nginx"));
}

#[test]
fn endpoints_logins_and_bounds_are_read() {
    let CheckKind::Mysql(mysql) = kind_of(
        "jenis = \"mysql\"\nalamat = \"db\"\nport = 3307\nenkripsi = \"starttls\"\nnama_server = \"db.go.id\"\n\
         pengguna = \"pantau\"\nrahasia = \"monitor\"\nbasis_data = \"simpeg\"",
    ) else {
        panic!("mysql")
    };
    let endpoint = mysql.endpoint.expect("endpoint");
    assert_eq!((endpoint.port, endpoint.encryption()), (3307, Encryption::StartTls));
    assert_eq!(mysql.login, Some(Login { user: "pantau".into(), secret: "monitor".into() }));
    let CheckKind::Ntp(ntp) =
        kind_of("jenis = \"ntp\"\nalamat = \"x\"\nselisih_turun = \"100ms\"\nselisih_gagal = \"1s\"")
    else {
        panic!("ntp")
    };
    assert_eq!((ntp.degraded_offset_ms, ntp.failed_offset_ms, ntp.port), (100, 1000, 0));
}

#[test]
fn faults_are_told_at_their_place() {
    let cases = [
        ("jenis = \"gopher\"", "jenis = \"gopher\": is not known; give one of \"http\", \"tcp\""),
        ("jenis = \"tcp\"\nalamat = \"x\"", "port: is missing; give 1 to 65535"),
        ("jenis = \"http\"\nurl = \"http://x/\"\nisi_pola = \"(\"", "isi_pola = \"(\": is no pattern"),
        ("jenis = \"http\"\nurl = \"http://x/\"\nstatus_diterima = [\"9xx\"]", "is no HTTP status"),
        ("jenis = \"http\"\nurl = \"http://x/\"\njson = [{ nilai = \"up\" }]", "is no JSON"),
        ("jenis = \"redis\"\nalamat = \"x\"\nenkripsi = \"starttls\"", "enkripsi = \"starttls\": is not known"),
        ("jenis = \"redis\"\nalamat = \"x\"\nbasis_data = \"a\"", "basis_data: is not a known key"),
        ("jenis = \"unit\"\nunit = \"nginx\"", "unit = \"nginx\": has no suffix"),
        ("jenis = \"process\"", "proses: is missing"),
        ("jenis = \"exec\"\nplugin = \"/bin/sh\"", "plugin = \"/bin/sh\": is a path"),
    ];
    for (check, told) in cases {
        let fault = fault_of(check);
        assert!(fault.contains(told), "{fault}");
    }
}
