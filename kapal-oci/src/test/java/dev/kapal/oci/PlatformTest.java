package dev.kapal.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  private static Descriptor entry(String platform) {
    return new Descriptor(
            MediaTypes.MANIFEST,
            Digest.sha256(platform.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            1)
        .withPlatform(Platform.parse(platform));
  }

  @ParameterizedTest
  @CsvSource({
    "linux/amd64, linux/amd64",
    "linux/x86_64, linux/amd64",
    "Linux/AArch64, linux/arm64",
    "linux/arm64/v8, linux/arm64",
    "linux/arm, linux/arm/v7",
    "linux/armel, linux/arm/v6",
    "linux/i386, linux/386",
    "riscv64, linux/riscv64",
    "linux/amd64/v3, linux/amd64/v3",
  })
  void parses(String text, String expected) {
    assertThat(Platform.parse(text)).hasToString(expected);
  }

  @Test
  void refuses() {
    for (String bad : new String[] {"", "/", "linux/", "a/b/c/d", "x y", "nonsense", "../x"}) {
      assertThatThrownBy(() -> Platform.parse(bad)).isInstanceOf(InvalidPlatformException.class);
    }
  }

  @Test
  void choosesTheBest() {
    Descriptor v6 = entry("linux/arm/v6");
    Descriptor v7 = entry("linux/arm/v7");
    Descriptor arm64 = entry("linux/arm64");
    Descriptor i386 = entry("linux/386");
    Descriptor amd64 = entry("linux/amd64");
    Descriptor windows = entry("windows/amd64");
    List<Descriptor> all = List.of(windows, v6, v7, i386, arm64, amd64);
    assertThat(Platform.parse("linux/arm64").choose(all)).contains(arm64);
    assertThat(Platform.parse("linux/arm64").choose(List.of(v6, v7))).contains(v7);
    assertThat(Platform.parse("linux/arm/v6").choose(all)).contains(v6);
    assertThat(Platform.parse("linux/amd64/v3").choose(all)).contains(amd64);
    assertThat(Platform.parse("linux/amd64").choose(List.of(windows, i386))).contains(i386);
    assertThat(Platform.parse("linux/s390x").choose(all)).isEmpty();
    assertThat(Platform.parse("linux/amd64").choose(List.of())).isEmpty();
  }

  @Test
  void takesAnEntryWithoutPlatformLast() {
    Descriptor plain = new Descriptor(MediaTypes.MANIFEST, Digest.sha256(new byte[1]), 1);
    Descriptor amd64 = entry("linux/amd64");
    assertThat(Platform.parse("linux/amd64").choose(List.of(plain, amd64))).contains(amd64);
    assertThat(Platform.parse("linux/s390x").choose(List.of(amd64, plain))).contains(plain);
  }
}
