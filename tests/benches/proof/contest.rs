//! Contestants that take turns, so that what else the machine does spoils no comparison.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often each contestant has its turn.
const TURNS: usize = 150;
/// How often it runs in one turn, at most; the best of all its runs counts.
const RUNS: usize = 8;
/// No turn is to take much longer than this.
const TURN: Duration = Duration::from_millis(2);

/// All contestants of one run of the benchmark.
#[derive(Default)]
pub(crate) struct Contest {
    contestants: Vec<(&'static str, Once)>,
}

/// Runs a contestant once, and says how long it took.
type Once = Box<dyn Fn() -> Duration>;

impl Contest {
    /// Enters a contestant that needs nothing new for each run.
    pub(crate) fn enter(&mut self, name: &'static str, run: impl Fn() + 'static) {
        self.enter_with(name, || (), move |()| run());
    }

    /// Enters a contestant that uses something up; preparing it and clearing it away costs it nothing.
    pub(crate) fn enter_with<I: 'static>(
        &mut self,
        name: &'static str,
        prepare: impl Fn() -> I + 'static,
        run: impl Fn(&mut I) + 'static,
    ) {
        let once = move || {
            let mut input = prepare();
            let began = cpu_time();
            run(&mut input);
            cpu_time() - began
        };
        self.contestants.push((name, Box::new(once)));
    }

    /// Lets all take their turns.
    pub(crate) fn run(self) -> Times {
        let mut best = BTreeMap::new();
        for _ in 0..TURNS {
            for (name, once) in &self.contestants {
                let best = best.entry(*name).or_insert(Duration::MAX);
                let mut used = Duration::ZERO;
                for _ in 0..RUNS {
                    let time = once();
                    *best = time.min(*best);
                    used += time;
                    if used > TURN {
                        break;
                    }
                }
            }
        }
        Times { best }
    }
}

/// The best CPU time of each contestant.
pub(crate) struct Times {
    best: BTreeMap<&'static str, Duration>,
}

impl Times {
    /// The best time of a contestant, in microseconds.
    pub(crate) fn of(&self, name: &str) -> f64 {
        let best = self.best.get(name);
        let best = best.unwrap_or_else(|| panic!("nobody entered as `{name}`"));
        best.as_secs_f64() * 1e6
    }
}

/// The CPU time that this thread has used.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.try_into().expect("a thread has used no negative time")
}
