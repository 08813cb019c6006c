package dev.kapal.engine.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.cdi.CdiEdits;
import dev.kapal.engine.cdi.CdiNode;
import dev.kapal.oci.runtime.Device;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class DeviceEditsTest {
  /** A host with one device. */
  private static final HostFacts HOST =
      HostFacts.class.cast(
          Proxy.newProxyInstance(
              HostFacts.class.getClassLoader(),
              new Class<?>[] {HostFacts.class},
              (_, method, args) -> {
                assertThat(method.getName()).isEqualTo("device");
                return "/dev/gpu".equals(args[0])
                    ? Optional.of(new HostFacts.Node("/dev/gpu", "c", 195, 7, 0660, 1, 2))
                    : Optional.empty();
              }));

  private static CdiNode node(String path, String type, OptionalLong major) {
    return new CdiNode(
        "/dev/inside",
        path,
        type,
        major,
        OptionalLong.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        OptionalLong.of(9),
        "rw");
  }

  private static CdiEdits edits(CdiNode node) {
    return new CdiEdits(
        List.of("A=2", "B=3"),
        List.of(node),
        List.of(Mount.bind("/a", "/b", "ro")),
        Map.of("poststop", List.of(new Hook("/h", List.of(), List.of(), Optional.empty()))),
        List.of(44L),
        Map.of("eth7", "net0"),
        Optional.empty());
  }

  private static RuntimeConfig config() {
    return RuntimeConfig.empty()
        .withProcess(Process.empty().withEnv(List.of("A=1", "C=1")))
        .withLinux(Linux.empty());
  }

  @Test
  void everyKindOfEditIsMade() {
    RuntimeConfig c =
        DeviceEdits.apply(config(), edits(node("/dev/gpu", "", OptionalLong.empty())), HOST);
    Process p = c.process().orElseThrow();
    assertThat(p.env()).containsExactlyInAnyOrder("A=2", "B=3", "C=1");
    assertThat(p.user().additionalGids()).containsExactly(44L);
    assertThat(c.mounts()).extracting(Mount::destination).containsExactly("/b");
    assertThat(c.hooks().poststop()).hasSize(1);
    Linux linux = c.linux().orElseThrow();
    assertThat(linux.devices())
        .containsExactly(new Device("c", "/dev/inside", 195, 7, Optional.of(0660), 1, 9));
    assertThat(linux.resources().orElseThrow().devices())
        .singleElement()
        .satisfies(r -> {
          assertThat(r.allow()).isTrue();
          assertThat(r.major()).hasValue(195L);
          assertThat(r.access()).isEqualTo("rw");
        });
    assertThat(linux.netDevices()).containsKey("eth7");
  }

  @Test
  void whatIsSaidOfANodeNeedsNoNodeOfTheHost() {
    RuntimeConfig c =
        DeviceEdits.apply(config(), edits(node("/dev/none", "c", OptionalLong.of(5))), HOST);
    assertThat(c.linux().orElseThrow().devices().getFirst().major()).isEqualTo(5);
    assertThatThrownBy(() ->
            DeviceEdits.apply(config(), edits(node("/dev/none", "", OptionalLong.empty())), HOST))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("/dev/none");
    assertThat(DeviceEdits.apply(config(), CdiEdits.NONE, HOST)).isEqualTo(config());
  }
}
