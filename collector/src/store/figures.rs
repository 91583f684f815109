//! What the store knows of itself: the size of its file, what its writer did, and how the file grew. For the system
//! page and `/metrics`; nothing is decided by it but the date at which the disk would be full.

use super::columns::column;
use super::{Reader, Store, StoreError};
use crate::self_stats::Counter;
use pantau_shared::timestamp::Timestamp;

/// Hours of growth that are remembered: a week and a day.
const GROWTH_HOURS_MAX: usize = 192;
/// The row that keeps them.
const GROWTH_SETTING: &str = "store_growth";
const HOUR_MS: i64 = 3_600_000;

/// The file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreSize {
    /// The database file.
    pub file_bytes: u64,
    /// Pages inside it that hold nothing: the next writes go there first.
    pub free_bytes: u64,
    /// The write-ahead log beside it.
    pub log_bytes: u64,
}

impl StoreSize {
    /// What is really held.
    pub fn used_bytes(&self) -> u64 {
        self.file_bytes.saturating_sub(self.free_bytes)
    }
}

/// What the writer did since the start.
#[derive(Debug, Default)]
pub struct WriterFigures {
    /// Transactions committed: each is one sync of the disk.
    pub commits: Counter,
    /// Transactions given up.
    pub failures: Counter,
    /// Requests in them.
    pub requests: Counter,
    /// Time spent in transactions, in microseconds.
    pub busy_us: Counter,
}

impl WriterFigures {
    /// One group has ended.
    pub(super) fn ended(&self, requests: usize, busy_us: u64, committed: bool) {
        if committed { &self.commits } else { &self.failures }.increment();
        self.requests.add(requests as u64);
        self.busy_us.add(busy_us);
    }
}

/// Used bytes at whole hours, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Growth(Vec<(i64, u64)>);

impl Growth {
    /// `hour:bytes` separated by blanks; what cannot be read is left out.
    pub(crate) fn parse(text: &str) -> Self {
        let point = |word: &str| {
            let (hour, bytes) = word.split_once(':')?;
            Some((hour.parse().ok()?, bytes.parse().ok()?))
        };
        Self(text.split(' ').filter_map(point).take(GROWTH_HOURS_MAX).collect())
    }

    fn render(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(hour, bytes)| format!("{hour}:{bytes}")).collect();
        words.join(" ")
    }

    /// Notes the size of an hour; false when it was noted before. The oldest goes beyond [`GROWTH_HOURS_MAX`].
    fn note(&mut self, now: Timestamp, used_bytes: u64) -> bool {
        let hour = now.as_ms().div_euclid(HOUR_MS);
        if self.0.last().is_some_and(|(last, _)| *last >= hour) {
            return false;
        }
        self.0.push((hour, used_bytes));
        let beyond = self.0.len().saturating_sub(GROWTH_HOURS_MAX);
        self.0.drain(..beyond);
        true
    }

    /// Growth up to `used_bytes` now over the last `hours`, in bytes, with the hours it was really seen over (at least
    /// one, at most `hours`); `None` before a whole hour was seen. Negative when the file shrank.
    pub fn over(&self, hours: i64, now: Timestamp, used_bytes: u64) -> Option<(i64, i64)> {
        let hour = now.as_ms().div_euclid(HOUR_MS);
        let (from, before) = self.0.iter().find(|(at, _)| *at >= hour - hours && *at < hour)?;
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        Some((signed(used_bytes) - signed(*before), hour - from))
    }

    /// When `room_bytes` more would be used at the pace of the last week, at least six hours of it; `None` when it does
    /// not grow, is not known yet, or takes more than a hundred years.
    pub fn full_at(&self, now: Timestamp, used_bytes: u64, room_bytes: u64) -> Option<Timestamp> {
        let (grown, hours) = self.over(168, now, used_bytes).filter(|(grown, hours)| *grown > 0 && *hours >= 6)?;
        let hours_left = i128::from(room_bytes) * i128::from(hours) / i128::from(grown);
        let hours_left = i64::try_from(hours_left).ok().filter(|left| *left < 100 * 366 * 24)?;
        Some(now.plus_secs(hours_left * 3600))
    }
}

impl Reader {
    /// The size of the file as this view sees it, without its log.
    ///
    /// # Errors
    /// The database's.
    pub fn size(&self) -> Result<StoreSize, StoreError> {
        let ask = |sql: &str| {
            let found = self.row("read the store's size", sql, (), |row| column::<i64>(row, 0))?;
            Ok::<_, StoreError>(found.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
        };
        let page = ask("PRAGMA page_size")?;
        let (pages, free) = (ask("PRAGMA page_count")?, ask("PRAGMA freelist_count")?);
        Ok(StoreSize { file_bytes: pages * page, free_bytes: free * page, log_bytes: 0 })
    }

    /// Bytes of the file by table and index, largest first, without free pages. Reads every page: for benches and a look
    /// at a store at rest, not for one in use.
    ///
    /// # Errors
    /// The database's.
    pub fn bytes_by_table(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT name, sum(pgsize) FROM dbstat WHERE aggregate = TRUE GROUP BY name ORDER BY 2 DESC, 1";
        self.rows("add up the pages", sql, (), |row| Ok((column(row, 0)?, column::<i64>(row, 1)?.unsigned_abs())))
    }

    /// How the file grew.
    ///
    /// # Errors
    /// The database's.
    pub fn growth(&self) -> Result<Growth, StoreError> {
        Ok(self.setting(GROWTH_SETTING)?.map(|text| Growth::parse(&text)).unwrap_or_default())
    }
}

impl Store {
    /// The size of the file and its log. Blocks the calling thread for a moment.
    ///
    /// # Errors
    /// The database's.
    pub fn size(&self) -> Result<StoreSize, StoreError> {
        let size = self.read(Reader::size)?;
        let mut log = self.0.path.clone().into_os_string();
        log.push("-wal");
        Ok(StoreSize { log_bytes: std::fs::metadata(log).map_or(0, |log| log.len()), ..size })
    }

    /// What the writer did.
    pub fn writer_figures(&self) -> &WriterFigures {
        &self.0.figures
    }

    /// Notes the size once an hour; nothing in between.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_growth(&self, size: StoreSize, now: Timestamp) -> Result<(), StoreError> {
        let mut growth = self.read(Reader::growth)?;
        if !growth.note(now, size.used_bytes()) {
            return Ok(());
        }
        self.write(move |writer| writer.save_setting(GROWTH_SETTING, &growth.render())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(n: i64) -> Timestamp {
        Timestamp::from_ms(n * HOUR_MS + 5)
    }

    #[test]
    fn growth_is_noted_once_an_hour_and_bounded() {
        let mut growth = Growth::default();
        for n in 0..500 {
            assert!(growth.note(hour(n), 1_000 + n as u64 * 10));
            assert!(!growth.note(hour(n), 0), "once");
        }
        assert_eq!(growth.0.len(), GROWTH_HOURS_MAX);
        assert_eq!(Growth::parse(&growth.render()), growth);
        assert!(!growth.note(hour(3), 0), "a clock that goes back notes nothing");
        assert_eq!(growth.over(24, hour(500), 6_000), Some((6_000 - (1_000 + 4_760), 24)));
        assert_eq!(growth.over(168, hour(500), 6_000).map(|(_, hours)| hours), Some(168));
        assert_eq!(Growth::parse("x 5:6 7: :8"), Growth(vec![(5, 6)]), "damage is left out");
    }

    #[test]
    fn the_date_of_a_full_disk_follows_the_pace() {
        let mut growth = Growth::default();
        assert_eq!(growth.full_at(hour(0), 0, 1_000), None, "nothing known");
        growth.note(hour(0), 100);
        assert_eq!(growth.full_at(hour(5), 150, 1_000), None, "five hours say little");
        assert_eq!(growth.full_at(hour(10), 200, 1_000), Some(hour(110)), "10 bytes an hour, 1000 bytes left");
        assert_eq!(growth.full_at(hour(10), 100, 1_000), None, "it does not grow");
        assert_eq!(growth.full_at(hour(10), 101, u64::MAX), None, "later than anybody plans");
    }

    #[tokio::test]
    async fn a_store_tells_its_size_and_what_its_writer_did() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::open(&folder.path().join("pantau.db"), hour(0)).expect("opens");
        let before = store.size().expect("reads");
        store.write(|w| w.save_setting("large", &"x".repeat(500_000))).await.expect("writes");
        let after = store.size().expect("reads");
        assert!(after.used_bytes() >= before.used_bytes() + 490_000, "{before:?} {after:?}");
        assert!(after.log_bytes > 500_000, "{after:?}");
        store.note_growth(after, hour(1)).await.expect("notes");
        store.note_growth(before, hour(1)).await.expect("notes nothing");
        let growth = store.read(Reader::growth).expect("reads");
        assert_eq!(growth.0, [(1, after.used_bytes())]);
        let figures = store.writer_figures();
        assert_eq!((figures.commits.get(), figures.requests.get(), figures.failures.get()), (2, 2, 0));
        assert!(figures.busy_us.get() > 0);
    }
}
