//! Fixed RSA keys for the forge, which sign nothing but forgeries. `ring` makes none, and signs with none under 2048
//! bits.

/// The modulus of a key of 512 bits, hex.
pub(super) const MODULUS_512: &str = "\
    cd4070797f275075e70d49ce5c303733fcc610fc7454a422bd6610613234aa4c816bae970747b3cb623993ca\
    4f58adc956cba56d6146e4d734cdb2b0d89044bd";

/// Its private exponent.
pub(super) const EXPONENT_512: &str = "\
    b170e10b982a93bbaa08e9e295fe34eb23bed3967cb763c288bc80b29665c3469cca4809abecbd92dccf4977\
    aa4543ecf9809e34eadd73d624b16a91b26a6e41";

/// The modulus of a key of 1024 bits, hex.
pub(super) const MODULUS_1024: &str = "\
    b5b321fcefbe12192719dc03eaf243bc3d40cc90cc790a92de80b5da380f382b185e30fc02b132211e6510b2\
    9a0e55063b27ea27398dcafeedc1e760d9c00ae9b7936efe2657c59f536c740cd00b6e50c3c3f69cd2661f42\
    4a183a2614e2d49318ac937afef4898ca2f310f616d9dfb24679e9208d3e2dbdf79215da715f5007";

/// Its private exponent.
pub(super) const EXPONENT_1024: &str = "\
    b453184b1f5f6234c6427ac1049df4ad4f990cac33d178b5f3ce872c0ff0c2ccba3d589df2ca0ab725a425a3\
    2b13483c8bdefc1a7b9b0638649bc8d6aca453ee9b361df140593dd397f30d53fbba9f01ec98536ee56752b8\
    4145e412c9ed6c2ece8296bf6e49d4a0550c2727cb2a6bb9927c014d60997ec7cdf8ce283109b281";

/// A key of 2048 bits: PKCS #8, base64.
pub(super) const PKCS8_2048: &str = "\
    MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDJZOL4HwDyt9UXD73+K6ydyh+jBtpB5YkF9QiT\
    gSVCdXCPA5pdxex8TLbYfWE6K72xsjOL3exnaewYCtEi/3eJ1jD5TPtinBw29XIIF6xYl8VySJ6m2dGyNb768utT\
    yP2G1wvtfS/qxmOs6QGMxlbF2ZCAjsg/2sbedFYSVOynNJZ6YkM0rFvRXooQTQe8oa0whBqC1yaV8y5zz5Vppsxh\
    BRdyNgh8ZN0feyHcu68IHwmZH3JeRZS2+zpElpQXIgQ7ajqxJ4HGpVCgXsAcUJOMquj9jBGdjwPMMff1TaNPUrMr\
    EoZJr+hh9JnH+J/c+KL2abhUOIA5mlpmblWd0MkXAgMBAAECggEAYxiUxAFBbqz9Gclhs+jamZOkyIutJoKizz8Y\
    VrhT1KVD2uMreFvU9v6qc9ER39U5FHA6g+aRlfsdNGFSMfXhZH30AB+cjJODIJnaX9gCMl+PxKGuCyyfzaA7lnCk\
    UchS06AKGvQf+VZgImtOm23WsajRvShEqYLlmv1EguWtwsGyQ4Jlx6GI6+P7kmh5S51uUTOvuMGX/Txu2tbf0GJG\
    pDPpl+1gAVzYK42UTqrEIIcxHNAJfhRJufLQYeKSE7haI9IMMzlSn65dViHO18MejE85nJNPKlqfyY/N40+GyrXN\
    h+bV0kpoZ0iGX8rWMVUT6n7Oa9E0UqpOGecFYh7XVQKBgQDv+4lyRev3lmAovGRF2ZqThb2XcSDiDBr18GxQ/PAq\
    cMbq1tjU2wZti1wGa9wZHkM4Wtduk5WnmFITF14pvwkVYYAuf30gwS2Lv3rH1o6q9WV2ybvdxARB0aNTcQ7W60ID\
    Z2jXBDk2jF9pmv4HNknCNRwj9xqiCzzWa16oWsWKTQKBgQDW1gHsg9sUp44GheDcXonkqPYg2WzAGJ72f2WUhejp\
    V6SIPlDktv2o+8IJQW6Fj8beyFQSNRL6SsBc5UPpKjiFlYKDIsnWPyVVoYT9FzWz1eOHL4n60EiHYei68z1RKX5S\
    GV98GR7rhMS1F9c30ZXLQbxlJuMY6ncmsUx79UWK8wKBgQCOPByTsSORQ/xMSJR53eZDB2J+btuZfqlAGTZprfC+\
    hscvCxXK2uHtbUqmt6jk7k3TCexjqm9pvNrwW8pAnexJUteBN6i3ECfpixy/cshuRTHU/O4vG22WgST3YKv178vZ\
    bqHxxpwOW5Z1ZhqntaJzy7yZCG0tm9F8GHkq+VnZhQKBgQC53uxJMgdQxmqlkBzs7EpHcDuKTjK9vE+EGtLK/lR1\
    1iL+0VNxnjS2iCLnmRnDKpK32wCJxCuIKzZk6OKpj6LZSHJjfKy91WI6xQTnZ7ZJwisZofKx8pRdtUMCxEHvv4OQ\
    Cm3HU4Ch6fu6ZkcI/yandVdG+K8QtoKiElGHCbzCKwKBgQC3v9L8UVYvYpA5btxxkm/CLp0eeUO/CS4e/rLxWrQL\
    B4D4k6BL4CKxJAJqT7Cy/pcaqesvtCrACz8V70xHcn8hlaFrqc1WEE4VEmsxe9jg2fRdcNlMUyFwwunSM26pzSne\
    ny2HzGh5y9NbPkMdnjqPDX1PbISTqFBVWImz5O18dw==";
