//! Reading, refusing, laps and the place of each series.

use super::*;

const TEXT: &str = "ts,cpu_user_seconds_total,load1,disk_rsect,net_br_0_rx_bytes,uptime\n\
                    1,46.27,3.86,10,7,610.67\n2,46.5,0.5,12,9,620.6\n3,47,1,20,9,630\n";

fn parsed(text: &str) -> Trace {
    Trace::parse(text, Unknown::Refuse).expect("parses")
}

#[test]
fn values_are_exact_and_have_the_units_of_a_sample() {
    let trace = parsed(TEXT);
    let sample = trace.sample(0);
    assert_eq!(sample.cpu_total.expect("total").user_ms, Some(46_270));
    assert_eq!(sample.load.expect("load").one_centi, Some(386));
    assert_eq!(sample.disks[0].read_bytes, Some(5_120));
    assert_eq!((sample.interfaces[0].device.as_str(), sample.interfaces[0].receive_bytes), ("br_0", Some(7)));
    assert_eq!(sample.kernel.expect("kernel").uptime_ms, Some(610_670));
    assert_eq!(trace.value(0, 1), 46_500);
}

#[test]
fn counters_keep_rising_over_laps_and_gauges_repeat() {
    let trace = parsed(TEXT);
    let counters = trace.places().iter().enumerate().filter(|(_, place)| place.kind() == Kind::Counter);
    for (column, place) in counters {
        let values: Vec<i64> = (0..20).map(|position| trace.value(column, position)).collect();
        assert!(values.is_sorted(), "{}: {values:?}", place.name());
    }
    assert_eq!(trace.value(1, 0), trace.value(1, 3));
    assert_eq!(trace.value(2, 3), 10_000 + 10_000 + 2_000);
    assert_eq!(Trace::position(3, 5), 26);
}

#[test]
fn strangers_are_refused_by_name_or_left_out() {
    let text = "ts,load1,moon,load5,tide_total\n1,1,2,3,4\n2,1,2,3,4\n";
    let error = Trace::parse(text, Unknown::Refuse).expect_err("unknown");
    assert!(matches!(&error, TraceError::UnknownColumns { names } if names == &["moon", "tide_total"]), "{error}");
    let trace = Trace::parse(text, Unknown::Ignore).expect("parses");
    assert_eq!((trace.series(), trace.sample(0).load.expect("load").five_centi), (2, Some(300)));
}

#[test]
fn what_is_no_trace_is_told_with_its_line() {
    for text in ["", "load1,ts\n", "ts\n1\n"] {
        assert!(matches!(Trace::parse(text, Unknown::Refuse), Err(TraceError::NoHeader)), "{text}");
    }
    let short = Trace::parse("ts,load1\n1,1\n", Unknown::Refuse).expect_err("short");
    assert!(matches!(short, TraceError::TooShort { rows: 1 }));
    let twice = Trace::parse("ts,load1,load1\n1,1,1\n", Unknown::Refuse).expect_err("twice");
    assert!(matches!(twice, TraceError::TwiceNamed { .. }));
    let ragged = Trace::parse("ts,load1\n1,1\n\n2\n", Unknown::Refuse).expect_err("ragged");
    assert!(matches!(ragged, TraceError::Ragged { line: 4, found: 1, expected: 2 }));
    for bad in ["-1", "x", "", ".5", "1.2345", "1e3", "99999999999999999999"] {
        let error = Trace::parse(&format!("ts,load1\n1,{bad}\n"), Unknown::Refuse).expect_err("bad");
        assert!(matches!(error, TraceError::BadValue { line: 2, .. }), "{bad}: {error}");
    }
}

#[test]
fn the_made_up_server_has_82_series_that_all_have_a_place_and_move() {
    let trace = Trace::synthetic(300);
    assert_eq!(trace.series(), 82);
    let names: std::collections::BTreeSet<&str> = trace.places().iter().map(Place::name).collect();
    assert_eq!(names.len(), 82);
    let sample = trace.sample(0);
    assert!(sample.pressure.is_some() && sample.sockets.is_some() && sample.cpus.len() == 2);
    let moving = (0..82).filter(|column| trace.value(*column, 0) != trace.value(*column, 299)).count();
    assert!(moving > 50, "{moving}");
    assert_eq!(trace, Trace::synthetic(300), "the same every time");
}
