package dev.kapal.image.registry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyRulesTest {
  private static final String NO_PROXY =
      "example.com, .inside.org ,*.star.net,10.0.0.0/8,192.168.1.7,port.com:8443,"
          + "[fd00::1]:5000,2001:db8::/32,,bad/cidr,10.1.1.1/99";

  @ParameterizedTest
  @CsvSource({
    "https://example.com/v2, false",
    "https://deep.example.com/v2, false",
    "https://notexample.com/v2, true",
    "https://EXAMPLE.com./v2, false",
    "https://inside.org/v2, true",
    "https://a.inside.org/v2, false",
    "https://star.net/v2, true",
    "https://a.star.net/v2, false",
    "https://10.200.3.4:5000/v2, false",
    "https://11.0.0.1/v2, true",
    "https://192.168.1.7/v2, false",
    "https://192.168.1.8/v2, true",
    "https://port.com:8443/v2, false",
    "https://port.com/v2, true",
    "https://[fd00::1]:5000/v2, false",
    "https://[fd00::1]/v2, true",
    "https://[2001:db8::42]/v2, false",
    "https://localhost:5000/v2, false",
    "https://127.9.9.9/v2, false",
    "https://[::1]:5000/v2, false",
    "https://registry.example/v2, true"
  })
  void exceptions(String url, boolean proxied) {
    ProxyRules rules =
        ProxyRules.of(Map.of("HTTPS_PROXY", "http://proxy:3128", "no_proxy", NO_PROXY));
    assertThat(rules.forUrl(URI.create(url)).isPresent()).isEqualTo(proxied);
  }

  @Test
  void eachSchemeHasItsVariable() {
    ProxyRules rules =
        ProxyRules.of(Map.of("http_proxy", "plain:1", "HTTPS_PROXY", "http://tls:2"));
    assertThat(rules.forUrl(URI.create("http://x.example/")))
        .contains(URI.create("http://plain:1"));
    assertThat(rules.forUrl(URI.create("https://x.example/"))).contains(URI.create("http://tls:2"));
    assertThat(ProxyRules.of(Map.of()).forUrl(URI.create("https://x.example/"))).isEmpty();
    assertThat(
            ProxyRules.of(Map.of("HTTPS_PROXY", "http://tls:2", "NO_PROXY", "*"))
                .forUrl(URI.create("https://x.example/")))
        .isEmpty();
    assertThat(
            ProxyRules.of(Map.of("HTTPS_PROXY", "http://up:1", "https_proxy", "http://low:1"))
                .forUrl(URI.create("https://x.example/")))
        .contains(URI.create("http://up:1"));
  }

  @Test
  void badProxiesAreNamedWithoutTheirPassword() {
    assertThatThrownBy(() -> ProxyRules.of(Map.of("HTTP_PROXY", "http://u:pass word@h")))
        .hasMessageContaining("HTTP_PROXY")
        .hasMessageNotContaining("pass word");
    assertThatThrownBy(() -> ProxyRules.of(Map.of("HTTP_PROXY", "socks5://h:1")))
        .hasMessageContaining("socks5");
    assertThatThrownBy(() -> ProxyRules.of(Map.of("HTTP_PROXY", "http:///x")))
        .hasMessageContaining("no host");
  }
}
