package dev.kapal.config.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.config.runtime.RuntimeEntry.Kind;
import dev.kapal.config.text.ConfigException;
import dev.kapal.runtime.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RuntimeNamesTest {
  private static final Set<String> HERE =
      Set.of("crun", "runsc", "containerd-shim-kata-v2", "containerd-shim-runsc-v1");
  private static final RuntimeNames NAMES =
      new RuntimeNames(
          Map.of(
              "gvisor",
              RuntimeEntry.wellKnown("gvisor", Kind.SHIM, Optional.of("io.containerd.runsc.v1"))),
          p -> HERE.contains(p) ? Optional.of(Path.of("/bin", p)) : Optional.empty());

  @Test
  void namesStandForWhatTheySay() {
    assertThat(NAMES.resolve("native")).isInstanceOf(ResolvedRuntime.BuiltIn.class);
    assertThat(NAMES.resolve("crun"))
        .isInstanceOfSatisfying(
            ResolvedRuntime.Program.class, p -> assertThat(p.path()).hasToString("/bin/crun"));
    assertThat(NAMES.resolve("kata"))
        .isInstanceOfSatisfying(
            ResolvedRuntime.Shim.class,
            s -> {
              assertThat(s.path()).hasToString("/bin/containerd-shim-kata-v2");
              assertThat(s.entry().tier()).isEqualTo(Tier.VM);
            });
    assertThat(NAMES.resolve("gvisor").entry().tier()).isEqualTo(Tier.SANDBOX);
    assertThat(NAMES.resolve("io.containerd.kata.v2")).isInstanceOf(ResolvedRuntime.Shim.class);
    assertThat(NAMES.usable()).containsExactly("crun", "gvisor", "kata", "native", "runsc");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gvsor|no runtime for \"gvsor\" is configured; did you mean \"gvisor\"?; configured: gvisor",
        "runc|its program runc is not on PATH",
        "/usr/bin/crun|paths are taken from the configuration only",
        "../crun|paths are taken from the configuration only",
        "io.containerd.nothere.v1|containerd-shim-nothere-v1 is not on PATH",
        "a.b|no runtime for \"a.b\"",
      })
  void whatStandsForNothingIsExplained(String name, String message) {
    assertThatThrownBy(() -> NAMES.resolve(name))
        .isInstanceOf(ConfigException.UnknownRuntime.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "io.containerd", "v2", "io.containerd./x.v1", "a/b.c.v1", "x.v", ".v1"})
  void thatIsNoTypeOfShim(String type) {
    assertThat(RuntimeNames.shimProgram(type)).isEmpty();
  }

  @Test
  void shimsOnPathAreUsableByTheirTypes(@TempDir Path bin) throws IOException {
    for (String name :
        List.of(
            "containerd-shim-runc-v2",
            "containerd-shim-kata-v2",
            "containerd-shim-x",
            "containerd-shim-y-v1")) {
      Path file = Files.writeString(bin.resolve(name), "");
      assertThat(file.toFile().setExecutable(!name.equals("containerd-shim-y-v1"))).isTrue();
    }
    RuntimeNames names =
        new RuntimeNames(
            Map.of(), PathLookup.in(List.of(bin, bin.resolve("nowhere"), Path.of("relative"))));
    assertThat(names.usable()).containsExactly("io.containerd.runc.v2", "kata", "native");
    assertThat(names.resolve("io.containerd.runc.v2"))
        .isInstanceOfSatisfying(
            ResolvedRuntime.Shim.class,
            s -> assertThat(s.path()).isEqualTo(bin.resolve("containerd-shim-runc-v2")));
  }

  @Test
  void lookupsStayInTheirDirectories() {
    PathLookup lookup = PathLookup.in(List.of(Path.of("/bin"), Path.of("relative")));
    assertThat(lookup.find("sh")).isPresent();
    assertThat(lookup.find("/bin/sh")).isPresent();
    assertThat(lookup.find("../bin/sh")).isEmpty();
    assertThat(lookup.find("")).isEmpty();
    assertThat(lookup.find("s\0h")).isEmpty();
  }
}
