//! What a person reads of the difference between two files.

use super::*;
use crate::config::catalogue;
use crate::config::profile::bangka_2025;

const EXAMPLE: &str = include_str!("../../../../../config/catalogue.example.toml");

fn parse(text: &str) -> Catalogue {
    catalogue::parse("k.toml", text, 1, &bangka_2025()).expect("valid")
}

#[test]
fn a_difference_is_told_field_by_field_and_whether_figures_change() {
    let old = parse(EXAMPLE);
    assert_eq!(changes(&old, &old), []);
    let text = EXAMPLE.replacen("target_ketersediaan = 99.5\n", "target_ketersediaan = 99.9\n", 1).replacen(
        "kontak_bantuan = \"simpeg@bangka.go.id\"",
        "kontak_bantuan = \"0717\"",
        1,
    );
    let told = |change: &Change| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        format!("{} {} {} -> {} {}", change.place, change.key, text(&change.old), text(&change.new), change.terms)
    };
    let seen: Vec<String> = changes(&old, &parse(&text)).iter().map(told).collect();
    let expected = [
        "layanan[simpeg] kontak_bantuan simpeg@bangka.go.id -> 0717 false",
        "layanan[simpeg] target_ketersediaan 99.5 -> 99.9 true",
    ];
    assert_eq!(seen, expected);
    let gone = changes(&old, &Catalogue { services: old.services[1..].to_vec(), ..old.clone() });
    let seen: Vec<String> = gone.iter().map(told).collect();
    assert_eq!(seen, ["layanan[simpeg]  SIMPEG ->  false"]);
}
