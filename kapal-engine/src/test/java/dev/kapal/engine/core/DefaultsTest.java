package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.ContainerDefaults;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.spec.Ulimit;
import dev.kapal.image.Snapshotter;
import dev.kapal.runtime.Tier;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What requests leave open. */
final class DefaultsTest {
  private static final ContainerDefaults SET =
      new ContainerDefaults(
          Map.of(Tier.SANDBOX, "gvisor"),
          List.of(new Ulimit("nofile", 1024, 2048), new Ulimit("core", 0, 0)),
          true,
          SecuritySpec.Seccomp.UNCONFINED,
          List.of("10.0.0.53"),
          List.of("example.com"),
          List.of("ndots:2"),
          Optional.of(List.of("CAP_CHOWN", "CAP_KILL")),
          Snapshotter.OVERLAY,
          Map.of("kata", Snapshotter.COPY),
          Set.of("kata"));

  @Test
  void whatIsLeftOpenIsFilledIn() {
    ContainerSpec s = Defaults.apply(ContainerSpec.builder("x").build(), "native", SET, true);
    assertThat(s.process().ulimits()).hasSize(2);
    assertThat(s.process().init()).isTrue();
    assertThat(s.security().seccomp()).isEqualTo(SecuritySpec.Seccomp.UNCONFINED);
    assertThat(s.network().dns()).containsExactly("10.0.0.53");
    assertThat(s.network().dnsSearch()).containsExactly("example.com");
    assertThat(s.network().dnsOptions()).containsExactly("ndots:2");
    assertThat(
            Defaults.apply(ContainerSpec.builder("x").build(), "native", SET, false)
                .process()
                .init())
        .isFalse();
  }

  @Test
  void aRequestsOwnWordWins() {
    ContainerSpec asked =
        ContainerSpec.builder("x")
            .process(ProcessSpec.builder().ulimits(List.of(new Ulimit("nofile", 5, 6))).build())
            .security(SecuritySpec.builder().seccomp(SecuritySpec.Seccomp.ofProfile("{}")).build())
            .network(NetworkSpec.builder().dns(List.of("9.9.9.9")).build())
            .build();
    ContainerSpec s = Defaults.apply(asked, "native", SET, true);
    assertThat(s.process().ulimits())
        .containsExactly(new Ulimit("nofile", 5, 6), new Ulimit("core", 0, 0));
    assertThat(s.security().seccomp()).isEqualTo(SecuritySpec.Seccomp.ofProfile("{}"));
    assertThat(s.network().dns()).containsExactly("9.9.9.9");
    ContainerSpec host =
        ContainerSpec.builder("x").network(NetworkSpec.builder().mode("host").build()).build();
    assertThat(Defaults.apply(host, "native", SET, true).network()).isEqualTo(host.network());
  }

  @Test
  void whatContainersMayDoStartsFromTheConfiguredSet() {
    ContainerSpec s = Defaults.apply(ContainerSpec.builder("x").build(), "native", SET, true);
    assertThat(s.security().capDefault()).contains(List.of("CAP_CHOWN", "CAP_KILL"));
    assertThat(
            Defaults.apply(
                    ContainerSpec.builder("x").build(), "native", ContainerDefaults.NONE, true)
                .security()
                .capDefault())
        .isEmpty();
  }

  @Test
  void aRuntimeHasItsSnapshotter() {
    assertThat(SET.snapshotter("kata")).isEqualTo(Snapshotter.COPY);
    assertThat(SET.snapshotter("native")).isEqualTo(Snapshotter.OVERLAY);
  }

  @Test
  void onlyPrivilegedContainersOfTheRuntimeGoWithoutTheHostsDevices() {
    ContainerSpec privileged =
        ContainerSpec.builder("x")
            .security(SecuritySpec.builder().privileged(true).build())
            .build();
    assertThat(Defaults.apply(privileged, "kata", SET, true).security().allDevices()).isFalse();
    assertThat(Defaults.apply(privileged, "kata", SET, true).security().privileged()).isTrue();
    assertThat(Defaults.apply(privileged, "native", SET, true).security().allDevices()).isTrue();
  }

  @Test
  void aTierHasARuntime() {
    Map<String, Tier> offered =
        Map.of(
            "native",
            Tier.NATIVE,
            "runc",
            Tier.NATIVE,
            "runsc",
            Tier.SANDBOX,
            "gvisor",
            Tier.SANDBOX);
    assertThat(Defaults.runtime(Tier.NATIVE, ContainerDefaults.NONE, offered)).isEqualTo("native");
    assertThat(Defaults.runtime(Tier.SANDBOX, ContainerDefaults.NONE, offered)).isEqualTo("runsc");
    assertThat(Defaults.runtime(Tier.SANDBOX, SET, offered)).isEqualTo("gvisor");
    assertThat(Defaults.runtime(Tier.VM, SET, Map.of("own", Tier.VM))).isEqualTo("own");
    assertThatThrownBy(() -> Defaults.runtime(Tier.VM, SET, offered))
        .isInstanceOf(EngineException.InvalidArgument.class)
        .hasMessageContaining("no runtime of this tier is here");
    assertThatThrownBy(() ->
            Defaults.runtime(Tier.VM, ContainerDefaults.NONE, Map.of("a", Tier.VM, "b", Tier.VM)))
        .hasMessageContaining("set containers.tiers.vm to one of a, b");
    assertThatThrownBy(() -> Defaults.runtime(Tier.SANDBOX, SET, Map.of("runsc", Tier.SANDBOX)))
        .hasMessageContaining("\"gvisor\" of the tier sandbox is not here");
  }
}
