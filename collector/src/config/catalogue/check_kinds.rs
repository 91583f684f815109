//! What a check asks: the keys of each kind. The kind's word is that of [`CheckKind::name`]; a secret is named, its value
//! lies on the asking host.
//!
//! | jenis | keys, all kinds with `enkripsi` also `nama_server`, `terima_sertifikat_apa_pun` |
//! |---|---|
//! | http | url, metode, kepala, isi, status_diterima, isi_memuat, isi_pola, isi_tanpa_pola, json, kepala_jawaban, pengalihan_maks, isi_maks |
//! | tcp | alamat, port, percakapan, enkripsi |
//! | tls | alamat, port |
//! | icmp | alamat, jumlah, jarak, hilang_gagal_persen, hilang_turun_persen |
//! | dns | server, port, nama_dns, tipe, jawaban, kode_jawaban, lewat_tcp |
//! | smtp, imap, ssh | alamat, port, sapaan_memuat, enkripsi (ssh: none) |
//! | postgres, mysql, redis | alamat, port, pengguna, rahasia, basis_data, enkripsi |
//! | mqtt | alamat, port, pengguna, rahasia, enkripsi |
//! | ntp | alamat, port, selisih_turun, selisih_gagal, stratum_maks |
//! | unit | unit, boleh_tidak_aktif |
//! | process | proses, perintah_pola, jumlah_min, jumlah_maks |
//! | exec | plugin, argumen |

use super::super::diagnostics::{Diagnostics, Placed, TableReader};
use super::to_u32;
use pantau_shared::assignment::kinds::DatabaseCheck;
use pantau_shared::assignment::kinds::{
    DnsCheck, Encryption, Endpoint, Exchange, ExecCheck, HeaderExpectation, IcmpCheck, JsonExpectation, Login,
    MailCheck, MqttCheck, NtpCheck, ProcessCheck, RequestHeader, SshCheck, TlsCheck, UnitCheck,
};
use pantau_shared::assignment::{CheckKind, HttpCheck, TcpCheck};

/// The longest host name, in characters.
const HOST_MAX: usize = 255;

/// The longest pattern, argument or sent text, in characters.
const WORDS_MAX: usize = 2000;

const KINDS: [&str; 16] = [
    "http", "tcp", "tls", "icmp", "dns", "smtp", "imap", "ssh", "postgres", "mysql", "redis", "mqtt", "ntp", "unit",
    "process", "exec",
];

/// Reads `jenis` and the keys of that kind, the last of a check's table; ends the table, so that what belongs to another
/// kind is told as not known.
pub(super) fn read_kind(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    if !t.has("jenis") {
        let list: Vec<String> = KINDS.iter().map(|kind| format!("\"{kind}\"")).collect();
        t.missing(d, "jenis", &format!("give one of {}", list.join(", ")));
    }
    let word = t.choice(d, "jenis", &KINDS, |word| KINDS.into_iter().find(|kind| *kind == word))?;
    let kind = match word {
        "http" => read_http(d, t),
        "tcp" => read_tcp(d, t),
        "tls" => read_endpoint(d, t, false).map(|e| CheckKind::Tls(TlsCheck { endpoint: Some(e) })),
        "icmp" => read_icmp(d, t),
        "dns" => read_dns(d, t),
        "smtp" => read_mail(d, t).map(CheckKind::Smtp),
        "imap" => read_mail(d, t).map(CheckKind::Imap),
        "ssh" => read_ssh(d, t),
        "postgres" => read_database(d, t, true).map(CheckKind::Postgres),
        "mysql" => read_database(d, t, true).map(CheckKind::Mysql),
        "redis" => read_database(d, t, false).map(CheckKind::Redis),
        "mqtt" => read_mqtt(d, t),
        "ntp" => read_ntp(d, t),
        "unit" => read_unit(d, t),
        "process" => read_process(d, t),
        _ => read_exec(d, t),
    };
    t.finish(d);
    kind
}

/// A text that may be left out.
fn optional(d: &mut Diagnostics<'_>, t: &TableReader<'_>, key: &'static str, max: usize) -> String {
    t.text(d, key, max).map(|p| p.value).unwrap_or_default()
}

/// A pattern that may be left out; the agents use the same engine.
fn pattern(d: &mut Diagnostics<'_>, t: &TableReader<'_>, key: &'static str) -> String {
    let Some(text) = t.text(d, key, WORDS_MAX) else { return String::new() };
    check_pattern(d, &text);
    text.value
}

fn check_pattern(d: &mut Diagnostics<'_>, text: &Placed<String>) {
    if let Err(error) = regex_lite::Regex::new(&text.value) {
        let problem = format!("is no pattern: {error}");
        d.add(
            text.span.clone(),
            &text.key,
            true,
            &problem,
            "give a regular expression, special characters behind `\\`",
        );
    }
}

fn number(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u64>,
) -> u32 {
    t.integer(d, key, range).map_or(0, |p| to_u32(p.value))
}

/// Host and port without encryption.
fn read_place(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<Endpoint> {
    let host = t.required_text(d, "alamat", HOST_MAX);
    let port = number(d, t, "port", 1..=65_535);
    Some(Endpoint { host: host?.value, port, ..Endpoint::default() })
}

/// Host, port and encryption; `starts_tls` where the protocol has a word for it.
fn read_endpoint(d: &mut Diagnostics<'_>, t: &TableReader<'_>, starts_tls: bool) -> Option<Endpoint> {
    let place = read_place(d, t);
    let words: &[&str] = if starts_tls { &["tanpa", "tls", "starttls"] } else { &["tanpa", "tls"] };
    let encryption = t.choice(d, "enkripsi", words, |word| match word {
        "tanpa" => Some(Encryption::None),
        "tls" => Some(Encryption::Tls),
        "starttls" if starts_tls => Some(Encryption::StartTls),
        _ => None,
    });
    let server_name = optional(d, t, "nama_server", HOST_MAX);
    let any = t.boolean(d, "terima_sertifikat_apa_pun").unwrap_or(false);
    let encryption = encryption.unwrap_or(Encryption::None).into();
    Some(Endpoint { encryption, server_name, accept_any_certificate: any, ..place? })
}

fn read_login(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<Login> {
    let login = Login { user: optional(d, t, "pengguna", HOST_MAX), secret: optional(d, t, "rahasia", HOST_MAX) };
    (login != Login::default()).then_some(login)
}

fn read_http(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let url = t.required_text(d, "url", 2000);
    if let Some(url) = &url
        && !reqwest::Url::parse(&url.value).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.host().is_some())
    {
        let remedy = "give http://host/… or https://host/…";
        d.add(url.span.clone(), &url.key, true, "is no web address", remedy);
    }
    let codes = ["GET", "HEAD", "POST", "PUT", "OPTIONS"];
    let method = t.choice(d, "metode", &codes, |c| codes.into_iter().find(|k| *k == c));
    let accept_status = read_status(d, t);
    let redirects = t.integer(d, "pengalihan_maks", 0..=20).map_or(5, |p| to_u32(p.value));
    let any = t.boolean(d, "terima_sertifikat_apa_pun").unwrap_or(false);
    let check = HttpCheck {
        url: String::new(),
        method: method.unwrap_or("GET").to_owned(),
        accept_status,
        body_contains: optional(d, t, "isi_memuat", 500),
        redirects_max: redirects,
        accept_any_certificate: any,
        headers: read_headers(d, t),
        body: optional(d, t, "isi", WORDS_MAX),
        body_pattern: pattern(d, t, "isi_pola"),
        body_pattern_absent: pattern(d, t, "isi_tanpa_pola"),
        json: read_json(d, t),
        answer_headers: read_answer_headers(d, t),
        body_bytes_max: t.bytes(d, "isi_maks", 1..=1024 * 1024).map_or(0, |p| to_u32(p.value)),
    };
    Some(CheckKind::Http(HttpCheck { url: url?.value, ..check }))
}

/// `status_diterima = ["200", "3xx"]`: exact codes and whole hundreds; empty means the agent's default (2xx).
fn read_status(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Vec<u32> {
    let mut out = Vec::new();
    for text in t.texts(d, "status_diterima", 3) {
        let (exact, hundred) = (text.value.parse::<u32>(), text.value.strip_suffix("xx").map(str::parse::<u32>));
        match (exact, hundred) {
            (Ok(code), _) if (100..=599).contains(&code) => out.push(code),
            (_, Some(Ok(hundred))) if (1..=5).contains(&hundred) => out.push(hundred),
            (Ok(_) | Err(_), _) => {
                d.add(text.span, &text.key, true, "is no HTTP status", "give 100 to 599 or 1xx to 5xx, as text");
            }
        }
    }
    out
}

fn read_headers(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Vec<RequestHeader> {
    let mut out = Vec::new();
    for table in t.tables(d, "kepala") {
        let name = table.required_text(d, "nama", 200);
        let value = optional(d, &table, "nilai", WORDS_MAX);
        let secret = optional(d, &table, "rahasia", HOST_MAX);
        table.finish(d);
        out.extend(name.map(|name| RequestHeader { name: name.value, value, secret }));
    }
    out
}

fn read_answer_headers(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Vec<HeaderExpectation> {
    let mut out = Vec::new();
    for table in t.tables(d, "kepala_jawaban") {
        let name = table.required_text(d, "nama", 200);
        let pattern = pattern(d, &table, "pola");
        table.finish(d);
        out.extend(name.map(|name| HeaderExpectation { name: name.value, pattern }));
    }
    out
}

/// `json = [{ penunjuk = "/db", nilai = '"up"' }]`.
fn read_json(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Vec<JsonExpectation> {
    let mut out = Vec::new();
    for table in t.tables(d, "json") {
        let pointer = optional(d, &table, "penunjuk", WORDS_MAX);
        let value = table.text(d, "nilai", WORDS_MAX);
        if let Some(value) = &value
            && serde_json::from_str::<serde_json::Value>(&value.value).is_err()
        {
            d.add(value.span.clone(), &value.key, true, "is no JSON", "give '\"up\"', \"3\" or \"true\"");
        }
        table.finish(d);
        out.push(JsonExpectation { pointer, equals: value.map(|p| p.value).unwrap_or_default() });
    }
    out
}

fn read_tcp(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let endpoint = read_endpoint(d, t, false);
    if !t.has("port") {
        t.missing(d, "port", "give 1 to 65535");
    }
    let mut exchanges = Vec::new();
    for table in t.tables(d, "percakapan") {
        exchanges
            .push(Exchange { expect: pattern(d, &table, "tunggu"), send: optional(d, &table, "kirim", WORDS_MAX) });
        table.finish(d);
    }
    let Endpoint { host, port, encryption, server_name, accept_any_certificate } = endpoint?;
    (port > 0).then_some(CheckKind::Tcp(TcpCheck {
        host,
        port,
        exchanges,
        encryption,
        server_name,
        accept_any_certificate,
    }))
}

fn read_icmp(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let host = t.required_text(d, "alamat", HOST_MAX);
    let spacing = t.duration_ms(d, "jarak", 10..=1000).map_or(0, |p| to_u32(p.value));
    let check = IcmpCheck {
        host: String::new(),
        count: number(d, t, "jumlah", 1..=20),
        spacing_ms: spacing,
        failed_loss_percent: number(d, t, "hilang_gagal_persen", 1..=100),
        degraded_loss_percent: number(d, t, "hilang_turun_persen", 1..=100),
    };
    Some(CheckKind::Icmp(IcmpCheck { host: host?.value, ..check }))
}

fn read_dns(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let server = t.required_text(d, "server", HOST_MAX);
    let name = t.required_text(d, "nama_dns", HOST_MAX);
    let answers = t.texts(d, "jawaban", WORDS_MAX);
    answers.iter().for_each(|answer| check_pattern(d, answer));
    let codes = ["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"];
    let code = t.choice(d, "kode_jawaban", &codes, |word| codes.into_iter().find(|code| *code == word));
    let check = DnsCheck {
        server: String::new(),
        port: number(d, t, "port", 1..=65_535),
        name: String::new(),
        record_type: optional(d, t, "tipe", 20),
        answers: answers.into_iter().map(|answer| answer.value).collect(),
        response_code: code.unwrap_or_default().to_owned(),
        over_tcp: t.boolean(d, "lewat_tcp").unwrap_or(false),
    };
    Some(CheckKind::Dns(DnsCheck { server: server?.value, name: name?.value, ..check }))
}

fn read_mail(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<MailCheck> {
    let endpoint = read_endpoint(d, t, true);
    let greeting_contains = optional(d, t, "sapaan_memuat", 500);
    Some(MailCheck { endpoint: Some(endpoint?), greeting_contains })
}

fn read_ssh(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let endpoint = read_place(d, t);
    let banner_contains = optional(d, t, "sapaan_memuat", 500);
    Some(CheckKind::Ssh(SshCheck { endpoint: Some(endpoint?), banner_contains }))
}

/// `has_tables` for a server with databases by name, which also has a word to start TLS with.
fn read_database(d: &mut Diagnostics<'_>, t: &TableReader<'_>, has_tables: bool) -> Option<DatabaseCheck> {
    let endpoint = read_endpoint(d, t, has_tables);
    let login = read_login(d, t);
    let database = if has_tables { optional(d, t, "basis_data", HOST_MAX) } else { String::new() };
    Some(DatabaseCheck { endpoint: Some(endpoint?), login, database })
}

fn read_mqtt(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let endpoint = read_endpoint(d, t, false);
    let login = read_login(d, t);
    Some(CheckKind::Mqtt(MqttCheck { endpoint: Some(endpoint?), login }))
}

fn read_ntp(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let place = read_place(d, t);
    let offset = |d: &mut Diagnostics<'_>, key| t.duration_ms(d, key, 1..=3_600_000).map_or(0, |p| to_u32(p.value));
    let (degraded_offset_ms, failed_offset_ms) = (offset(d, "selisih_turun"), offset(d, "selisih_gagal"));
    let stratum_max = number(d, t, "stratum_maks", 1..=15);
    let Endpoint { host, port, .. } = place?;
    Some(CheckKind::Ntp(NtpCheck { host, port, degraded_offset_ms, failed_offset_ms, stratum_max }))
}

fn read_unit(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let unit = t.required_text(d, "unit", HOST_MAX);
    if let Some(unit) = unit.as_ref().filter(|unit| !unit.value.contains('.')) {
        d.add(unit.span.clone(), &unit.key, true, "has no suffix", "give the whole name, such as \"nginx.service\"");
    }
    let accept_inactive = t.boolean(d, "boleh_tidak_aktif").unwrap_or(false);
    Some(CheckKind::Unit(UnitCheck { unit: unit?.value, accept_inactive }))
}

fn read_process(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    if !t.has("proses") && !t.has("perintah_pola") {
        t.missing(d, "proses", "give the program's name, or a pattern of its command line as `perintah_pola`");
    }
    Some(CheckKind::Process(ProcessCheck {
        // The kernel keeps fifteen bytes of a name.
        name: optional(d, t, "proses", 15),
        command_pattern: pattern(d, t, "perintah_pola"),
        count_min: number(d, t, "jumlah_min", 1..=100_000),
        count_max: t.integer(d, "jumlah_maks", 0..=100_000).map(|p| to_u32(p.value)),
    }))
}

fn read_exec(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<CheckKind> {
    let plugin = t.required_text(d, "plugin", HOST_MAX);
    if let Some(plugin) = plugin.as_ref().filter(|plugin| plugin.value.contains('/')) {
        let remedy = "give the name of a file in the host's plug-in directory, such as \"check_load\"";
        d.add(plugin.span.clone(), &plugin.key, true, "is a path", remedy);
    }
    let arguments = t.texts(d, "argumen", WORDS_MAX).into_iter().map(|word| word.value).collect();
    Some(CheckKind::Exec(ExecCheck { plugin: plugin?.value, arguments }))
}

#[cfg(test)]
mod tests;
