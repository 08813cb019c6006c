package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.EngineException;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.systemd.Slices;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class CgroupPlacesTest {
  private static final CgroupPlaces OWN = new CgroupPlaces(CgroupDriver.CGROUPFS, "/kapal");
  private static final CgroupPlaces SYSTEMD =
      new CgroupPlaces(CgroupDriver.SYSTEMD, "/system.slice");
  private static final String POD =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice";

  @Test
  void withoutSystemdTheyAreDirectories() {
    assertThat(OWN.container(Optional.empty(), "4f")).isEqualTo("/kapal/4f");
    assertThat(OWN.container(Optional.of("a.slice"), "4f")).isEqualTo("/a.slice/4f");
    assertThat(OWN.pod(Optional.empty(), "4f")).isEqualTo("/kapal/4f");
    assertThat(OWN.pod(Optional.of("kubepods/p"), "4f")).isEqualTo("/kubepods/p");
    assertThat(OWN.member(POD, "4f")).isEqualTo(POD + "/4f");
  }

  @Test
  void withSystemdTheyAreScopesBelowSlices() {
    String own = SYSTEMD.container(Optional.empty(), "4f");
    assertThat(own).isEqualTo("/system.slice/kapal-4f.scope");
    assertThat(Slices.cgroupsPath(own)).isEqualTo("system.slice:kapal:4f");
    assertThat(SYSTEMD.container(Optional.of("a-b.slice"), "4f"))
        .isEqualTo("/a.slice/a-b.slice/kapal-4f.scope");
    assertThat(SYSTEMD.pod(Optional.of(POD), "4f")).isEqualTo(POD);
    assertThat(SYSTEMD.pod(Optional.of("kubepods-burstable-pod1_2.slice"), "4f")).isEqualTo(POD);
    String member = SYSTEMD.member(POD, "4f");
    assertThat(member).isEqualTo(POD + "/cri-kapal-4f.scope");
    assertThat(Slices.cgroupsPath(member))
        .isEqualTo("kubepods-burstable-pod1_2.slice:cri-kapal:4f");
    String alone = SYSTEMD.pod(Optional.empty(), "4f");
    assertThat(alone).isEqualTo("/system.slice/system-pod4f.slice");
    assertThat(alone).endsWith(CgroupPlaces.ownSuffix("4f"));
    // A pod of the time when the engine made them itself.
    assertThat(SYSTEMD.member("/kubepods/p", "4f")).isEqualTo("/kubepods/p/4f");
  }

  @Test
  void aParentThatIsNoSliceIsRefusedWithSystemd() {
    assertThatThrownBy(() -> SYSTEMD.container(Optional.of("/a"), "4f"))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("\"/a\"")
        .hasMessageContaining("system.slice")
        .hasMessageContaining("daemon.cgroup_driver");
    assertThatThrownBy(() -> SYSTEMD.pod(Optional.of("/kubepods/burstable/pod1"), "4f"))
        .hasMessageContaining("/kubepods/burstable/pod1")
        .hasMessageContaining("cgroupDriver");
    // Not where that slice is.
    assertThatThrownBy(() -> SYSTEMD.pod(Optional.of("/x/a-b.slice"), "4f"))
        .isInstanceOf(EngineException.InvalidArgument.class);
  }
}
