//! The names of hosts.

use std::io::ErrorKind;

use wirework::Network;
use wirework_sim::{Config, Sim};

use crate::pair::SECOND;

#[test]
fn names_are_resolved_as_the_faults_say() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    let runtime = client.runtime();
    sim.run(async {
        let found = runtime.resolve("SERVER", 80).await.unwrap();
        assert_eq!(found[0], server.addr(80));
        sim.set_dns("server", &[[192, 0, 2, 1].into()]);
        assert_eq!(
            runtime.resolve("server", 80).await.unwrap(),
            [([192, 0, 2, 1], 80).into()]
        );
        client.set_dns_fault(wirework_sim::DnsFault::Failing);
        let error = runtime.resolve("server", 80).await.unwrap_err();
        assert!(error.to_string().contains(r#""server""#), "{error}");
        client.set_dns_fault(wirework_sim::DnsFault::Silent);
        let start = sim.elapsed();
        assert_eq!(
            runtime.resolve("server", 80).await.unwrap_err().kind(),
            ErrorKind::TimedOut
        );
        assert_eq!(sim.elapsed() - start, 10 * SECOND);
        sim.quiesce();
        runtime.resolve("server", 80).await.unwrap();
    });
}
