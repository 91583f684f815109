//! What a check asks, in one line for a person: kind and place, never a secret. Pure.

use pantau_shared::assignment::CheckKind;
use pantau_shared::assignment::kinds::Endpoint;

/// `tcp db:5432`, `dns simpeg.go.id AAAA @10.0.0.2`; an http check is its address alone.
pub fn render_target(kind: &CheckKind) -> String {
    let place = match kind {
        CheckKind::Http(check) => return check.url.clone(),
        CheckKind::Tcp(check) => format!("{}:{}", check.host, check.port),
        CheckKind::Tls(check) => render_endpoint(check.endpoint.as_ref()),
        CheckKind::Icmp(check) => check.host.clone(),
        CheckKind::Dns(check) => {
            let record_type = if check.record_type.is_empty() { "A" } else { &check.record_type };
            format!("{} {record_type} @{}", check.name, check.server)
        }
        CheckKind::Smtp(check) | CheckKind::Imap(check) => render_endpoint(check.endpoint.as_ref()),
        CheckKind::Ssh(check) => render_endpoint(check.endpoint.as_ref()),
        CheckKind::Postgres(check) | CheckKind::Mysql(check) | CheckKind::Redis(check) => {
            render_endpoint(check.endpoint.as_ref())
        }
        CheckKind::Mqtt(check) => render_endpoint(check.endpoint.as_ref()),
        CheckKind::Ntp(check) => check.host.clone(),
        CheckKind::Unit(check) => check.unit.clone(),
        CheckKind::Process(check) if check.name.is_empty() => check.command_pattern.clone(),
        CheckKind::Process(check) => check.name.clone(),
        CheckKind::Exec(check) => {
            let words: Vec<&str> =
                std::iter::once(check.plugin.as_str()).chain(check.arguments.iter().map(String::as_str)).collect();
            words.join(" ")
        }
    };
    format!("{} {place}", kind.name())
}

/// Port 0 is the protocol's own and goes without saying.
fn render_endpoint(endpoint: Option<&Endpoint>) -> String {
    match endpoint {
        Some(endpoint) if endpoint.port == 0 => endpoint.host.clone(),
        Some(endpoint) => format!("{}:{}", endpoint.host, endpoint.port),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::assignment::kinds::{DnsCheck, ExecCheck, SshCheck};
    use pantau_shared::assignment::{HttpCheck, TcpCheck};

    #[test]
    fn every_target_is_one_line() {
        let at = |host: &str, port| Endpoint { host: host.into(), port, ..Endpoint::default() };
        let cases = [
            (CheckKind::Http(HttpCheck { url: "https://a/".into(), ..HttpCheck::default() }), "https://a/"),
            (CheckKind::Tcp(TcpCheck { host: "db".into(), port: 5432, ..TcpCheck::default() }), "tcp db:5432"),
            (CheckKind::Ssh(SshCheck { endpoint: Some(at("db", 0)), ..SshCheck::default() }), "ssh db"),
            (CheckKind::Ssh(SshCheck { endpoint: Some(at("db", 2222)), ..SshCheck::default() }), "ssh db:2222"),
            (
                CheckKind::Dns(DnsCheck { server: "::1".into(), name: "a.id".into(), ..DnsCheck::default() }),
                "dns a.id A @::1",
            ),
            (
                CheckKind::Exec(ExecCheck { plugin: "check_load".into(), arguments: vec!["-w".into(), "5".into()] }),
                "exec check_load -w 5",
            ),
        ];
        for (kind, told) in cases {
            assert_eq!(render_target(&kind), told);
        }
    }
}
