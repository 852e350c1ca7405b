//! How many calls there may be at once, how large they may be, and what one takes up.

use wirework::codec::bytes::BytesMut;
use wirework::codec::{Decoder, Encoder, LengthError, Lines, WriteBuf};
use wirework::{Client, ClientOptions, CorrelatedRequest, Framed, Network, memory};
use wirework_tests::on_each_runtime;

use crate::numbered::{Numbered, NumberedCodec};

on_each_runtime![
    few_numbers_bound_the_calls_in_flight,
    requests_and_responses_may_both_be_larger_than_all_buffers,
];

/// A text whose number has two bits.
#[derive(Debug)]
struct Few(Numbered);

impl CorrelatedRequest for Few {
    const ID_BITS: u32 = 2;

    fn set_call_id(&mut self, id: u64) {
        assert!(id < 4, "{id}");
        self.0.set_call_id(id);
    }
}

#[derive(Debug, Clone, Default)]
struct FewCodec(NumberedCodec);

impl Decoder for FewCodec {
    type Item = Numbered;
    type Error = LengthError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Numbered>, LengthError> {
        self.0.decode(src)
    }
}

impl Encoder<Few> for FewCodec {
    type Error = LengthError;

    fn encode(&mut self, item: Few, dst: &mut WriteBuf) -> Result<(), LengthError> {
        self.0.encode(item.0, dst)
    }
}

async fn few_numbers_bound_the_calls_in_flight<N: Network>(network: N) {
    let (near, far) = memory::pair(1024);
    let framed = Framed::new(near, FewCodec::default());
    let (client, _) = Client::<Few, Numbered>::multiplexed(&network, framed, ClientOptions::new());
    let mut far = Framed::new(far, NumberedCodec::default());
    let calls: Vec<_> = (0..10)
        .map(|number: u32| {
            let client = client.clone();
            network.spawn(async move { client.call(Few(Numbered::new(number.to_string()))).await })
        })
        .collect();
    for _ in 0..calls.len() {
        let request = far.next().await.unwrap().unwrap();
        far.send(request).await.unwrap();
    }
    far.flush().await.unwrap();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap().text, number.to_string());
    }
}

async fn requests_and_responses_may_both_be_larger_than_all_buffers<N: Network>(network: N) {
    // Neither end reads more while it cannot write: if the client did the same, both would wait for ever.
    let (near, far) = memory::pair(16);
    let client = Client::pipelined(&network, Framed::new(near, Lines::new()), ClientOptions::new());
    let mut far = Framed::new(far, Lines::new()).watermarks(1, 2);
    let server = network.spawn(async move {
        while let Some(line) = far.next().await.unwrap() {
            far.send(line).await.unwrap();
            far.flush().await.unwrap();
        }
    });
    let calls: Vec<_> = (0..50)
        .map(|number| {
            let client = client.clone();
            let line = number.to_string().repeat(1000);
            network.spawn(async move { assert_eq!(client.call(line.clone()).await.unwrap(), line) })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    drop(client);
    server.await.unwrap();
}

/// What the documentation says; the table's part is checked beside it.
#[test]
fn a_waiting_call_is_small() {
    let call = size_of::<wirework::Call<'_, String, String>>();
    assert!(call <= size_of::<String>() + 48, "{call}");
}
