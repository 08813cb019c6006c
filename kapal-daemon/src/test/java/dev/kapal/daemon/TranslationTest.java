package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.Version;
import dev.kapal.config.CgroupSetup;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.image.Snapshotter;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.network.IpPrefix;
import dev.kapal.network.NetworkConfig;
import dev.kapal.network.NetworkDefaults;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.oci.OciRuntimeConfig;
import dev.kapal.runtime.shim.ShimOptions;
import dev.kapal.streaming.server.StreamingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TranslationTest {
  private static final CgroupSetup CGROUPS =
      new CgroupSetup(CgroupDriver.CGROUPFS, "/kapal", Optional.empty());

  @TempDir Path etc;

  private KapalConfig load(String text) throws IOException {
    Files.writeString(etc.resolve("config.toml"), text);
    return new ConfigSource(etc).load().orElseThrow();
  }

  @Test
  void theDefaultsAreThoseOfTheParts() {
    KapalConfig standard = KapalConfig.standard();
    EngineConfig engine = Translation.engine(standard, CGROUPS, Version.UNKNOWN);
    EngineConfig usual = EngineConfig.at(Path.of("/run/kapal/state"), Path.of("/var/lib/kapal"));
    assertThat(engine)
        .isEqualTo(
            usual
                .withDefaults(
                    usual.defaultRuntime(),
                    usual.defaultNetwork(),
                    new LogSpec("json-file", Map.of("max-file", "1"), Optional.empty()))
                .withVersion(Version.UNKNOWN.version(), Version.UNKNOWN.commit()));
    assertThat(Translation.registries(standard.registries(), Map.of(), Version.UNKNOWN))
        .isEqualTo(
            RegistryConfig.defaults()
                .withEnvironment(Map.of())
                .withUserAgent("kapal/" + Version.UNKNOWN.version()));
    NetworkConfig network = Translation.network(standard);
    NetworkConfig below = NetworkConfig.below(Path.of("/var/lib/kapal"));
    assertThat(network).isEqualTo(below.withRunner(network.runner()));
    assertThat(Translation.problems(standard, List.of("native"))).isEmpty();
  }

  @Test
  void theEngineGetsItsPlacesAndDefaults() throws IOException {
    EngineConfig engine =
        Translation.engine(
            load(
                """
                [daemon]
                run_dir = "/r"
                data_dir = "/d"
                cgroup_parent = "/c/g"
                [containers]
                default_runtime = "crun"
                stop_timeout = "1m30s"
                log_driver = "cri"
                log_max_size = "2m"
                log_max_files = 7
                """),
            new CgroupSetup(CgroupDriver.CGROUPFS, "/c/g", Optional.empty()),
            Version.UNKNOWN);
    assertThat(engine.stateDir()).isEqualTo(Path.of("/r/state"));
    assertThat(engine.dataDir()).isEqualTo(Path.of("/d"));
    assertThat(engine.cgroupParent()).isEqualTo("/c/g");
    assertThat(engine.defaultRuntime()).isEqualTo("crun");
    assertThat(engine.stopTimeout()).isEqualTo(Duration.ofSeconds(90));
    assertThat(engine.log())
        .isEqualTo(
            new LogSpec("cri", Map.of("max-size", "2097152", "max-file", "7"), Optional.empty()));
  }

  @Test
  void registriesGetTheirs() throws IOException {
    RegistryConfig registries =
        Translation.registries(
            load("""
            [registries]
            hosts_dirs = ["/h"]
            insecure = ["r.example:5000", "10.0.0.0/8"]
            max_concurrent_downloads = 5
            max_concurrent_uploads = 2
            pull_progress_timeout = "7s"
            mirrors."docker.io" = ["https://m.example"]
            """)
                .registries(),
            Map.of("HTTPS_PROXY", "http://p.example:1"),
            Version.UNKNOWN);
    assertThat(registries.hostsDirs()).containsExactly(Path.of("/h"));
    assertThat(registries.insecure()).isEqualTo(Set.of("r.example:5000", "10.0.0.0/8"));
    assertThat(registries.mirrors()).isEqualTo(Map.of("docker.io", List.of("https://m.example")));
    assertThat(registries.maxDownloadsPerPull()).isEqualTo(5);
    assertThat(registries.maxDownloads()).isEqualTo(15);
    assertThat(registries.maxUploads()).isEqualTo(2);
    assertThat(registries.timing().stall()).isEqualTo(Duration.ofSeconds(7));
    assertThat(registries.timing().dial()).isEqualTo(RegistryConfig.Timing.DEFAULT.dial());
    assertThat(registries.environment()).containsOnlyKeys("HTTPS_PROXY");
  }

  @Test
  void networksGetTheirs() throws IOException {
    NetworkConfig network =
        Translation.network(
            load(
                """
                [daemon]
                data_dir = "/d"
                [network]
                cni_conf_dir = "/n"
                cni_bin_dirs = ["/a", "/b"]
                default_subnets = ["10.7.0.0/16", "fd00:7::/48"]
                mtu = 1400
                ipv6 = true
                """));
    assertThat(network.defaults())
        .isEqualTo(
            new NetworkDefaults(
                List.of(IpPrefix.parse("10.7.0.0/16"), IpPrefix.parse("fd00:7::/48")),
                OptionalInt.of(1400),
                true));
    assertThat(network.confDirs()).containsExactly(Path.of("/n"));
    assertThat(network.pluginDirs()).containsExactly(Path.of("/a"), Path.of("/b"));
    assertThat(network.networksDir()).isEqualTo(Path.of("/d/networks"));
  }

  @Test
  void subnetsOfNetworksMustHaveRoom() throws IOException {
    for (String subnet : List.of("10.0.0.0/31", "300.0.0.0/24", "10.0.0.0/40")) {
      KapalConfig config = load("[network]\ndefault_subnets = [\"" + subnet + "\"]\n");
      assertThat(Translation.problems(config, List.of("native")))
          .as(subnet)
          .singleElement()
          .asString()
          .contains(":2:1: network.default_subnets: ");
    }
  }

  @Test
  void theDefaultRuntimeMustBeThere() throws IOException {
    KapalConfig config = load("[containers]\ndefault_runtime = \"youki\"\n");
    assertThat(Translation.problems(config, List.of("native", "crun")))
        .singleElement()
        .hasToString(
            etc.resolve("config.toml")
                + ":2:1: containers.default_runtime: the runtime \"youki\" is not offered here;"
                + " there are crun, native");
  }

  @Test
  void containersGetTheirDefaults() throws IOException {
    Path profile = Files.writeString(etc.resolve("profile.json"), "{}");
    KapalConfig config =
        load(
            "[containers]\ninit = true\ntiers.sandbox = \"runsc\"\nulimits.nofile = \"5:6\"\n"
                + "seccomp_profile = \""
                + profile
                + "\"\n[network]\ndns = [\"10.0.0.53\"]\n");
    var defaults = Translation.engine(config, CGROUPS, Version.UNKNOWN).containers();
    assertThat(defaults.init()).isTrue();
    assertThat(defaults.tiers())
        .containsEntry(dev.kapal.runtime.Tier.SANDBOX, "runsc")
        .containsEntry(dev.kapal.runtime.Tier.NATIVE, "native");
    assertThat(defaults.ulimits())
        .containsExactly(new dev.kapal.engine.spec.Ulimit("nofile", 5, 6));
    assertThat(defaults.seccomp().profile()).contains("{}");
    assertThat(defaults.dns()).containsExactly("10.0.0.53");
    Files.delete(profile);
    assertThat(Translation.problems(config, List.of("native")))
        .singleElement()
        .asString()
        .contains("containers.seccomp_profile")
        .contains("is not there");
  }

  @Test
  void capabilitiesAndRuntimesWithoutDevicesReachTheEngine() throws IOException {
    KapalConfig config =
        load(
            "[containers]\ncapabilities = [\"CAP_CHOWN\"]\n"
                + "[runtimes.kata]\ntype = \"io.containerd.kata.v2\"\n"
                + "privileged_without_host_devices = true\n[runtimes.crun]\npath = \"crun\"\n");
    var defaults = Translation.engine(config, CGROUPS, Version.UNKNOWN).containers();
    assertThat(defaults.capabilities()).contains(List.of("CAP_CHOWN"));
    assertThat(defaults.withoutHostDevices()).containsExactly("kata");
    assertThat(config.withoutEffect()).isEmpty();
    assertThat(
            Translation.problems(
                load("[containers]\ncapabilities = [\"CAP_CHOWM\"]\n"), List.of("native")))
        .singleElement()
        .asString()
        .contains(":2:1: containers.capabilities: \"CAP_CHOWM\" is not a capability");
  }

  @Test
  void snapshottersReachTheEngineAndUnknownOnesAreWarnedOf() throws IOException {
    KapalConfig config =
        load(
            "[containers]\nsnapshotter = \"copy\"\n"
                + "[runtimes.a]\npath = \"crun\"\nsnapshotter = \"overlayfs\"\n"
                + "[runtimes.b]\npath = \"crun\"\nsnapshotter = \"devmapper\"\n");
    var defaults = Translation.engine(config, CGROUPS, Version.UNKNOWN).containers();
    assertThat(defaults.snapshotter("a")).isEqualTo(Snapshotter.OVERLAY);
    assertThat(defaults.snapshotter("b")).isEqualTo(Snapshotter.COPY);
    assertThat(Offers.of(config, name -> Optional.of(Path.of("/bin/" + name)), CGROUPS).warnings())
        .singleElement()
        .asString()
        .contains("there is no snapshotter \"devmapper\"", "its containers get copy");
  }

  @Test
  void theStreamsOfTheKubeletsDoorAreAsConfigured() throws IOException {
    assertThat(KubeletDoor.options(load(""), "1").streaming())
        .isEqualTo(StreamingOptions.loopback());
    assertThat(
            KubeletDoor.options(
                    load("[cri]\nstream_port = 5000\nstream_idle_timeout = \"90m\"\n"), "1")
                .streaming())
        .isEqualTo(
            StreamingOptions.loopback()
                .withAddress("127.0.0.1", 5000)
                .withIdleTime(Duration.ofMinutes(90)));
  }

  @Test
  void offersProgramsThatAreConfiguredOrWellKnown() throws IOException {
    KapalConfig config =
        load(
            """
            [runtimes.g]
            path = "runsc"
            args = ["--platform=systrap"]
            root = "/g"
            systemd_cgroup = true
            create_timeout = "9s"
            [runtimes.gone]
            path = "/nowhere/x"
            [runtimes.kata]
            type = "io.containerd.kata.v2"
            sandboxer = true
            options.ConfigPath = "/etc/kata.toml"
            [runtimes.runc-shim]
            type = "io.containerd.runc.v2"
            systemd_cgroup = true
            [runtimes.runc-shim.options]
            BinaryName = "crun"
            NoPivotRoot = true
            IoUid = 7
            [runtimes.own]
            kind = "native"
            """);
    Offers offers =
        Offers.of(
            config,
            name ->
                List.of("crun", "runsc", "containerd-shim-kata-v2", "containerd-shim-runc-v2")
                        .contains(name)
                    ? Optional.of(Path.of("/bin/" + name))
                    : Optional.empty(),
            new CgroupSetup(CgroupDriver.SYSTEMD, "/c.slice", Optional.empty()));
    assertThat(offers.names()).containsExactly("crun", "g", "kata", "native", "runc-shim", "runsc");
    OciRuntimeConfig g = offers.programs().get("g");
    assertThat(g)
        .isEqualTo(
            new OciRuntimeConfig(
                "g",
                Tier.SANDBOX,
                Path.of("/bin/runsc"),
                List.of("--platform=systrap"),
                Optional.of(Path.of("/g")),
                true,
                Duration.ofSeconds(9),
                OciRuntimeConfig.of("g", Path.of("/bin/runsc")).commandTimeout(),
                Set.of(),
                "/c.slice"));
    assertThat(offers.programs().get("crun").tier()).isEqualTo(Tier.NATIVE);
    assertThat(offers.shims().get("kata").tier()).isEqualTo(Tier.VM);
    assertThat(offers.shims().get("kata").options())
        .isEqualTo(new ShimOptions.Generic("", "/etc/kata.toml", ""));
    assertThat(offers.shims().get("kata").sandboxer()).isTrue();
    assertThat(offers.shims().get("runc-shim").sandboxer()).isFalse();
    assertThat(offers.shims().get("runc-shim").binary())
        .isEqualTo(Path.of("/bin/containerd-shim-runc-v2"));
    assertThat(offers.shims().get("runc-shim").options())
        .isEqualTo(
            new ShimOptions.Runc("crun", Optional.empty(), true, true, false, "", 7, 0, "", ""));
    assertThat(offers.shims().get("runc-shim").cgroupParent()).isEqualTo("/c.slice");
    assertThat(offers.warnings())
        .hasSize(2)
        .anySatisfy(w -> assertThat(w).contains("\"gone\"", "/nowhere/x is missing"))
        .anySatisfy(w -> assertThat(w).contains("\"own\"", "once only"));
    Offers without = Offers.of(config, name -> Optional.of(Path.of("/bin/" + name)), CGROUPS);
    assertThat(without.names()).doesNotContain("g", "runc-shim");
    assertThat(without.warnings())
        .anySatisfy(w -> assertThat(w).contains("\"g\"", "daemon.cgroup_driver is cgroupfs"))
        .anySatisfy(w -> assertThat(w).contains("\"runc-shim\"", "systemd"));
  }
}
