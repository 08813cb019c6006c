package dev.kapal.runtime.dropin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Identity;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What the command line makes of who calls. */
class RootlessTest {
  private static final Identity USER = new Identity(1000, 100, true, true);
  private static final Identity MAPPED = new Identity(0, 0, false, true);

  private static Globals globals(Identity who, Map<String, String> environment, String... words) {
    return Globals.parse(List.of(words), environment, who);
  }

  @Test
  void statesAreKeptInTheUsersOwnDirectory() {
    Map<String, String> own = Map.of("XDG_RUNTIME_DIR", "/run/user/1000");
    assertThat(globals(USER, own, "list").root()).isEqualTo("/run/user/1000/kapal-oci");
    assertThat(globals(MAPPED, own, "list").root()).isEqualTo("/run/user/1000/kapal-oci");
    assertThat(globals(USER, own, "--root", "/r", "list"))
        .satisfies(g -> assertThat(g.root()).isEqualTo("/r"))
        .satisfies(g -> assertThat(g.ownRoot()).isFalse());
    assertThat(globals(USER, Map.of(), "list").root()).isEqualTo("/run/kapal-oci");
    assertThat(globals(USER, Map.of("XDG_RUNTIME_DIR", "here"), "list").root())
        .isEqualTo("/run/kapal-oci");
    // The host's root with a user's environment (sudo -E) leaves the user's directory alone.
    assertThat(globals(Identity.ROOT, own, "list").root()).isEqualTo("/run/kapal-oci");
    Map<String, String> container = Map.of("XDG_RUNTIME_DIR", "/run/user/0", "USER", "root");
    assertThat(globals(MAPPED, container, "list").root()).isEqualTo("/run/kapal-oci");
  }

  @Test
  void controlGroupsAreOptionalForThoseWhoMayHaveNone() {
    assertThat(globals(USER, Map.of(), "list").rootless()).isTrue();
    assertThat(globals(MAPPED, Map.of(), "--rootless=auto", "list").rootless()).isTrue();
    assertThat(globals(Identity.ROOT, Map.of(), "list").rootless()).isFalse();
    assertThat(globals(Identity.ROOT, Map.of(), "--rootless", "true", "list").rootless()).isTrue();
    assertThat(globals(USER, Map.of(), "--rootless=0", "list").rootless()).isFalse();
    assertThatThrownBy(() -> globals(USER, Map.of(), "--rootless=perhaps", "list"))
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("--rootless");
  }

  @Test
  void theConfigToBeginWithIsOneThatTheUserMayRun() throws IOException {
    try (InputStream template =
        Objects.requireNonNull(SpecCommand.class.getResourceAsStream("spec.json"))) {
      String text = new String(template.readAllBytes(), StandardCharsets.UTF_8);
      RuntimeConfig config =
          RuntimeConfigJson.read(RootlessSpec.of(text, USER).getBytes(StandardCharsets.UTF_8));
      Linux linux = config.linux().orElseThrow();
      assertThat(linux.uidMappings()).containsExactly(new IdMapping(0, 1000, 1));
      assertThat(linux.gidMappings()).containsExactly(new IdMapping(0, 100, 1));
      assertThat(linux.namespace(NamespaceType.USER)).isPresent();
      assertThat(linux.namespace(NamespaceType.NETWORK)).isEmpty();
      assertThat(linux.namespace(NamespaceType.PID)).isPresent();
      assertThat(linux.resources()).isEmpty();
      assertThat(config.mounts()).extracting(Mount::type).doesNotContain("sysfs");
      assertThat(config.mounts())
          .filteredOn(m -> m.destination().equals("/sys"))
          .singleElement()
          .satisfies(m -> assertThat(m.options()).contains("rbind", "ro"));
      assertThat(config.mounts())
          .flatExtracting(Mount::options)
          .noneMatch(o -> o.startsWith("gid=") || o.startsWith("uid="));
      assertThat(config.process()).isPresent();
    }
  }
}
