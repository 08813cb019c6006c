package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Capabilities, signals, ids and releases: what is read from text. */
class NamesTest {
  @Test
  void capabilities() {
    assertThat(Capabilities.names()).hasSize(41);
    assertThat(Capabilities.number("CAP_SYS_ADMIN")).contains(21);
    assertThat(Capabilities.number("net_raw")).contains(13);
    assertThat(Capabilities.number("CAP_NONE")).isEmpty();
    assertThat(Capabilities.name(40)).isEqualTo("CAP_CHECKPOINT_RESTORE");
    assertThat(Capabilities.name(50)).isEqualTo("CAP_50");
    List<String> docker = List.of("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_AUDIT_WRITE");
    long mask = Capabilities.mask(docker);
    assertThat(mask).isEqualTo(0x20000023L);
    assertThat(Capabilities.names(mask)).containsExactlyElementsOf(docker);
    assertThatThrownBy(() -> Capabilities.mask(List.of("CAP_X")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("CAP_X");
    assertThat(Capabilities.last()).isGreaterThanOrEqualTo(37);
    Capabilities.Sets own = Capabilities.of(Linux.system().processes().self()).orElseThrow();
    assertThat(own.effective() & ~own.permitted()).isZero();
    assertThat(own.permitted() >>> (Capabilities.last() + 1)).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "9, 9",
    "KILL, 9",
    "sigterm, 15",
    "SIGRTMIN, 34",
    "RTMIN+3, 37",
    "SIGRTMAX-2, 62",
    "RTMAX, 64",
    "64, 64",
    "IOT, 6",
    "CLD, 17",
    "WINCH, 28"
  })
  void signals(String text, int number) {
    assertThat(Signals.parse(text)).contains(number);
    assertThat(Signals.parse(Signals.name(number))).contains(number);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "65",
        "-1",
        "+9",
        "9 ",
        "KIL",
        "SIG",
        "SIGSIGKILL",
        "RTMIN+31",
        "RTMAX-31",
        "RTMIN+",
        "1e1",
        "٩"
      })
  void notSignals(String text) {
    assertThat(Signals.parse(text)).isEmpty();
  }

  @Test
  void idMaps() {
    List<IdMapping> map = IdMapping.parse("         0          0 4294967295\n");
    assertThat(map).containsExactly(new IdMapping(0, 0, 4294967295L));
    assertThat(IdMapping.parse(IdMapping.format(map))).isEqualTo(map);
    assertThat(IdMapping.uids(Linux.system().processes().self())).isNotEmpty();
    for (String bad :
        List.of(
            "0 0",
            "0 0 0",
            "-1 0 1",
            "0 4294967295 2",
            "a b c",
            "0 0 1 2",
            "0 0 99999999999999999999")) {
      assertThatThrownBy(() -> IdMapping.parse(bad)).isInstanceOf(ProcFormatException.class);
    }
  }

  @Test
  void subordinateIds() {
    assertThat(
            SubordinateIds.parse(
                "# comment\nkapal:100000:65536\n\n1000:4294901759:65536\nbad\nx:1\nx:a:b\nx:-1:5\nx:4294967290:100\n:1:1\n"))
        .containsExactly(
            new SubordinateIds("kapal", 100000, 65536),
            new SubordinateIds("1000", 4294901759L, 65536));
  }

  @Test
  void releases() {
    KernelRelease kylin = KernelRelease.parse("4.19.90-52.22.v2207.ky10.x86_64\n");
    assertThat(kylin.isAtLeast(4, 19)).isTrue();
    assertThat(kylin.isAtLeast(4, 20)).isFalse();
    assertThat(kylin.isAtLeast(5, 0)).isFalse();
    assertThat(kylin).isLessThan(KernelRelease.parse("5.4"));
    assertThat(KernelRelease.parse("6.18.0-rc1+").patch()).isZero();
    assertThatThrownBy(() -> KernelRelease.parse("x.y")).isInstanceOf(ProcFormatException.class);
  }
}
