package dev.kapal.image.registry.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadersTest {
  @Test
  void contentRange() {
    assertThat(ContentRange.parse("bytes 5-9/10"))
        .contains(new ContentRange(5, 9, OptionalLong.of(10)));
    assertThat(ContentRange.parse(" BYTES 0-0/* "))
        .contains(new ContentRange(0, 0, OptionalLong.empty()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "bytes",
        "bytes 5-9",
        "bytes 9-5/10",
        "bytes 5-10/10",
        "bytes -5/10",
        "bytes */10",
        "bytes 5-9/x",
        "items 5-9/10",
        "bytes 5-9/",
        "bytes +5-9/10",
        "bytes 1-99999999999999999999/*"
      })
  void contentRangesThatAreNone(String text) {
    assertThat(ContentRange.parse(text)).isEmpty();
  }

  @Test
  void uploadRange() {
    assertThat(ContentRange.uploaded("0-99")).hasValue(100);
    assertThat(ContentRange.uploaded("bytes=0-99")).hasValue(100);
    assertThat(ContentRange.uploaded("1-99")).isEmpty();
    assertThat(ContentRange.uploaded("00-9")).isEmpty();
    assertThat(ContentRange.uploaded("0-")).isEmpty();
    assertThat(ContentRange.uploaded("")).isEmpty();
  }

  @Test
  void links() {
    assertThat(LinkHeader.next(List.of("</v2/a?n=1>; rel=\"next\""))).contains("/v2/a?n=1");
    assertThat(
            LinkHeader.next(
                List.of(
                    "<a>; rel=prev; title=\"x, <y>; rel=next\", <b>; foo=1; REL=\"last Next\"")))
        .contains("b");
    assertThat(LinkHeader.next(List.of("<a>; rel=prev", "<c>;rel=next"))).contains("c");
    assertThat(LinkHeader.next(List.of("<a>", "junk", "<unclosed; rel=next"))).isEmpty();
  }

  @Test
  void retryAfter() {
    assertThat(RetryAfter.parse("17")).contains(Duration.ofSeconds(17));
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(100));
    assertThat(RetryAfter.parse(date).orElseThrow())
        .isBetween(Duration.ofSeconds(95), Duration.ofSeconds(100));
    assertThat(RetryAfter.parse("Sat, 01 Jan 2000 00:00:00 GMT")).contains(Duration.ZERO);
    assertThat(RetryAfter.parse("soon")).isEmpty();
    assertThat(RetryAfter.parse("-5")).isEmpty();
  }

  @Test
  void urls() {
    URI secret = URI.create("https://user:pw@h.example:1/p?sig=geheim#f");
    assertThat(Urls.display(secret)).isEqualTo("https://h.example:1/p");
    assertThat(Urls.sameOrigin(URI.create("https://A.b/x"), URI.create("https://a.B:443/y")))
        .isTrue();
    assertThat(Urls.sameOrigin(URI.create("https://a.b/x"), URI.create("http://a.b/x"))).isFalse();
    assertThat(Urls.sameOrigin(URI.create("https://a.b/x"), URI.create("https://a.b:444/x")))
        .isFalse();
    assertThat(Urls.with(URI.create("http://h/p?a=1"), "b", "x y/ü&"))
        .isEqualTo(URI.create("http://h/p?a=1&b=x%20y%2F%C3%BC%26"));
  }
}
