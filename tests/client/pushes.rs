//! What a server sends by itself.

use wirework::{Client, ClientOptions, Framed, Network, memory};
use wirework_tests::on_each_runtime;

use crate::numbered::{Numbered, NumberedCodec};

on_each_runtime![pushes_come_as_a_stream];

async fn pushes_come_as_a_stream<N: Network>(network: N) {
    let (near, far) = memory::pair(1024);
    let options = ClientOptions::new().max_pushes(2);
    let (client, mut pushes) =
        Client::<_, Numbered>::multiplexed(&network, Framed::new(near, NumberedCodec::default()), options);
    let mut far = Framed::new(far, NumberedCodec::default());
    let push = |text: &'static str| Numbered {
        id: Numbered::PUSH,
        text: text.into(),
    };
    let play = async {
        let request = far.next().await.unwrap().unwrap();
        for text in ["one", "two", "three"] {
            far.send(push(text)).await.unwrap();
        }
        far.send(request).await.unwrap();
        far.flush().await.unwrap();
        far
    };
    let (answer, far) = futures_lite::future::zip(client.call(Numbered::new("ask")), play).await;
    assert_eq!(answer.unwrap().text, "ask");
    assert_eq!(pushes.next().await.unwrap().text, "one");
    assert_eq!(pushes.next().await.unwrap().text, "two");
    assert_eq!(pushes.missed(), 1);
    drop(far);
    assert_eq!(pushes.next().await, None);
}
