package dev.kapal.linux.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SlicesTest {
  @Test
  void aSliceIsNamedByItsNameOrItsWholePath() {
    assertThat(Slices.named("a-b.slice")).contains("a-b.slice");
    assertThat(Slices.named("/a.slice/a-b.slice")).contains("a-b.slice");
    assertThat(Slices.named("a\\x2db.slice")).contains("a\\x2db.slice");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        ".slice",
        "-.slice",
        "-a.slice",
        "a-.slice",
        "a--b.slice",
        "a.scope",
        "a b.slice",
        "/a-b.slice",
        "/x.slice/a-b.slice",
        "a.slice/a-b.slice",
        "/../a.slice"
      })
  void otherThingsAreNot(String parent) {
    assertThat(Slices.named(parent)).isEmpty();
  }

  @Test
  void aScopesPathAsksSystemdForIt() {
    assertThat(Slices.cgroupsPath("/a.slice/a-b.slice/cri-kapal-4f.scope"))
        .isEqualTo("a-b.slice:cri-kapal:4f");
    for (String path :
        new String[] {
          "/kapal/4f", "/a.slice/4f", "/kapal/x-4f.scope", "/a-b.slice/x-4f.scope", "x-4f.scope", ""
        }) {
      assertThat(Slices.cgroupsPath(path)).isEqualTo(path);
    }
    assertThat(Slices.unit("/a.slice/x-4f.scope")).contains("x-4f.scope");
    assertThat(Slices.unit("/a.slice/a-b.slice")).contains("a-b.slice");
    assertThat(Slices.unit("/kapal/4f")).isEmpty();
  }
}
