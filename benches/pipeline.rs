//! How fast the pipeline is, stage by stage, on a made-up catalogue. Sandbox and client share this process and its cores, so
//! the figures for sending are what is left when the gateway costs as much as the client.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]
#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use std::collections::BTreeMap;
use std::time::Duration;

use commerce_connector::bounds::DEFAULT_BATCH_BYTES;
use commerce_connector::client::{Client, ClientSettings, ConnectorMetadata};
use commerce_connector::domain::Feed;
use commerce_connector::domain::{DataSpaceId, Environment, ThreadCount};
use commerce_connector::export::progress::RunReport;
use commerce_connector::export::{Plan, SyncMode, encode, start};
use commerce_connector::feeds::content::Content;
use commerce_connector::feeds::item::FeedItem;
use commerce_connector::feeds::source::sample::Sample;
use commerce_connector::feeds::source::{Collected, Page, Selection, Source};
use commerce_connector::keys::{ApiKey, KeyPair, PrivateKey};
use commerce_connector::sandbox::{Keep, Sandbox, SandboxSettings};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Products in the catalogue: enough for many batches, few enough for a short bench.
const PRODUCTS: u64 = 2_000;
/// Requests in flight: one fills a core of the gateway while another fills one of the client.
const THREADS: usize = 2;

struct Rehearsal {
    runtime: Runtime,
    client: Client,
    space: DataSpaceId,
    directory: TempDir,
    _sandbox: Sandbox,
}

impl Rehearsal {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory");
        let mut settings = SandboxSettings::new(directory.path().join("keys"));
        settings.requests_per_second = None;
        settings.projects = vec!["Bench".to_owned()];
        settings.keep = Keep::Counts;
        let (sandbox, client, space) = runtime.block_on(async {
            let sandbox = Sandbox::start(settings).await.expect("a sandbox");
            let pair = &sandbox.ready.production;
            let keys = KeyPair {
                api_key: ApiKey::parse(&pair.api_key).expect("an API key"),
                private_key: PrivateKey::read(&pair.private_key_file).expect("a private key"),
            };
            let client = Client::new(settings_for(&sandbox.ready.url), keys).expect("a client");
            let space = client.projects().await.expect("projects")[0].data_spaces[0].id.clone();
            (sandbox, client, space)
        });
        Self { runtime, client, space, directory, _sandbox: sandbox }
    }

    /// A state directory of its own: nothing is known there.
    fn fresh_state(&self) -> TempDir {
        tempfile::tempdir_in(self.directory.path()).expect("a directory")
    }

    fn export(&self, state: &TempDir) -> RunReport {
        let plan = Plan {
            feeds: Plan::feed_plans(&[Feed::Products], |_| None, &BTreeMap::new()),
            mode: SyncMode::Full,
            request: "Export".into(),
            skip_locked: false,
            data_space: self.space.clone(),
            thread_count: ThreadCount::Fixed(THREADS),
            max_batch_bytes: DEFAULT_BATCH_BYTES,
            keep_payloads: true,
            sender: None,
            keep_deletions: Duration::from_hours(7 * 24),
            accept_empty: false,
            dry_run: false,
            state_dir: state.path().to_owned(),
            worker: None,
            absent: Vec::new(),
            left_out: Vec::new(),
        };
        let source = Source::Sample(Sample { products: PRODUCTS });
        self.runtime.block_on(async {
            let run = start(plan, source, self.client.clone()).expect("a run");
            drop(run.events);
            run.report.await.expect("no panic").expect("a report")
        })
    }

    /// The fields of the first products.
    fn fields(&self) -> Vec<Content> {
        let source = Sample { products: PRODUCTS };
        let (sender, mut pages) = mpsc::channel::<Page>(1);
        let page = self.runtime.block_on(async {
            let read = tokio::spawn(async move { source.read(Feed::Products, &Selection::All, sender).await });
            let page = pages.recv().await.expect("a page");
            drop(pages);
            read.await.expect("no panic").expect("read");
            page
        });
        let fields = page.collected.into_iter().filter_map(|collected| match collected {
            Collected::Item { content, .. } => Some(content),
            Collected::Broken(_) => None,
        });
        fields.take(Feed::Products.batch_size()).collect()
    }
}

fn settings_for(url: &str) -> ClientSettings {
    ClientSettings {
        environment: Environment::Production,
        gateway: url.to_owned(),
        registry_path: "/merchant-registry/v1".to_owned(),
        ca_file: None,
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(30),
        total_timeout: Duration::from_secs(30),
        requests_per_second: None,
        jwt_claims: BTreeMap::new(),
        metadata: ConnectorMetadata { commerce_edition: "ce".to_owned(), commerce_version: "2.4.8".to_owned() },
    }
}

fn pipeline(criterion: &mut Criterion) {
    let rehearsal = Rehearsal::new();
    let warm = rehearsal.fresh_state();
    let items = rehearsal.export(&warm).progress.feeds[0].submitted;

    let mut group = criterion.benchmark_group("pipeline");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(items));
    group.bench_function("collect and compare, nothing to send", |bencher| {
        bencher.iter(|| {
            let report = rehearsal.export(&warm);
            assert_eq!(report.progress.feeds[0].unchanged, items);
        });
    });
    group.bench_function("collect, compare, send and record all", |bencher| {
        bencher.iter_batched(
            || rehearsal.fresh_state(),
            |state| {
                let report = rehearsal.export(&state);
                assert_eq!(report.progress.feeds[0].submitted, items);
                state
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    batch(criterion, &rehearsal);
}

fn batch(criterion: &mut Criterion, rehearsal: &Rehearsal) {
    let fields = rehearsal.fields();
    let make = |fields: Vec<Content>| -> Vec<FeedItem> {
        let now = jiff::Timestamp::UNIX_EPOCH;
        fields.into_iter().map(|fields| FeedItem::new(Feed::Products, None, fields, now).expect("an item")).collect()
    };
    let items = make(fields.clone());
    let mut group = criterion.benchmark_group("batch");
    group.throughput(Throughput::Elements(items.len() as u64)).measurement_time(Duration::from_secs(3));
    group.bench_function("assemble", |bencher| bencher.iter_batched(|| fields.clone(), make, BatchSize::SmallInput));
    group.bench_function("encode", |bencher| bencher.iter(|| encode(&items).expect("to memory")));
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
