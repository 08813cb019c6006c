package dev.kapal.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReferenceTest {
  private static final String HEX =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  @ParameterizedTest
  @CsvSource({
    "busybox, docker.io/library/busybox, busybox, true",
    "busybox:1.36, docker.io/library/busybox:1.36, busybox:1.36, true",
    "user/repo, docker.io/user/repo, user/repo, true",
    "docker.io/busybox, docker.io/library/busybox, busybox, false",
    "index.docker.io/library/busybox:x, docker.io/library/busybox:x, busybox:x, false",
    "localhost/busybox, localhost/busybox, localhost/busybox, false",
    "localhost:5000/a/b:c, localhost:5000/a/b:c, localhost:5000/a/b:c, false",
    "quay.io/a__b/c-d--e.f, quay.io/a__b/c-d--e.f, quay.io/a__b/c-d--e.f, false",
    "[::1]:5000/x, [::1]:5000/x, [::1]:5000/x, false",
    "HOST/x, HOST/x, HOST/x, false",
    "library/busybox, docker.io/library/busybox, busybox, true",
  })
  void parses(String text, String canonical, String familiar, boolean isShort) {
    Reference reference = Reference.parse(text);
    assertThat(reference).hasToString(canonical);
    assertThat(reference.familiar()).isEqualTo(familiar);
    assertThat(Reference.isShortName(text)).isEqualTo(isShort);
    assertThat(Reference.parse(reference.toString())).isEqualTo(reference);
    assertThat(Reference.parse(reference.familiar())).isEqualTo(reference);
  }

  @Test
  void parsesTagAndDigest() {
    Reference reference = Reference.parse("a/b:c@sha256:" + HEX);
    assertThat(reference.tag()).contains("c");
    assertThat(reference.digest()).contains(Digest.parse("sha256:" + HEX));
    assertThat(reference.tagged()).isEqualTo(reference);
    assertThat(Reference.parse("a").tagged().tag()).contains("latest");
    assertThat(Reference.parse("a", Reference.LOCALHOST)).hasToString("localhost/a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":x",
        "@",
        "a:",
        "a@",
        "a@sha256:12",
        "A/b/",
        "Uppercase",
        "a//b",
        "/a",
        "a/",
        "a b",
        "a/../b",
        "../a",
        "-a",
        "a-",
        "a___b",
        "a..b",
        "a:-x",
        "a:.x",
        "http://x/y",
        "a.b/C",
        "x:99999999/a",
        "ex ample.com/a",
        "a\u0000b",
        "a\nb",
        "é",
        "[::1/x",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
      })
  void refuses(String text) {
    assertThatThrownBy(() -> Reference.parse(text)).isInstanceOf(InvalidReferenceException.class);
  }

  @Test
  void refusesWhatIsTooLong() {
    assertThat(Reference.parse("x.io/" + "a".repeat(255)).path()).hasSize(255);
    for (String bad :
        new String[] {
          "x.io/" + "a".repeat(256), "a:" + "t".repeat(129), "a".repeat(100_000),
        }) {
      assertThatThrownBy(() -> Reference.parse(bad)).isInstanceOf(InvalidReferenceException.class);
    }
  }

  @Test
  void anyTextParsesOrIsRefusedAndWhatParsesRoundTrips() {
    Random random = new Random(42);
    String alphabet = "ab0Z._-/:@[]%\u0000 \u00e9sha256:";
    int parsed = 0;
    for (int i = 0; i < 200_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(14); n >= 0; n--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        Reference reference = Reference.parse(text.toString());
        assertThat(Reference.parse(reference.toString())).isEqualTo(reference);
        assertThat(reference.path()).isEqualTo(reference.path().toLowerCase(Locale.ROOT));
        parsed++;
      } catch (InvalidReferenceException e) {
        assertThat(e.getMessage()).contains("image name");
      }
    }
    assertThat(parsed).isGreaterThan(100);
  }
}
