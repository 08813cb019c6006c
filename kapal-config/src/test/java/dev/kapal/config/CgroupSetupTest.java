package dev.kapal.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.text.TomlReader;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.CgroupLayout.Mode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CgroupSetupTest {
  private static CgroupSetup setup(String settings, boolean booted, Mode mode) {
    String toml = "[daemon]\n" + settings.replace(" ; ", "\n") + "\n";
    KapalConfig config =
        ConfigReader.read(List.of(TomlReader.read("f", toml))).config().orElseThrow();
    return CgroupSetup.of(config, booted, mode);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "log_level = \"info\" | true | V2 | SYSTEMD | /system.slice",
        "log_level = \"info\" | true | HYBRID | CGROUPFS | /kapal",
        "log_level = \"info\" | false | V2 | CGROUPFS | /kapal",
        "cgroup_parent = \"/x\" | true | V2 | CGROUPFS | /x",
        "cgroup_parent = \"a-b.slice\" | true | V2 | SYSTEMD | /a.slice/a-b.slice",
        "cgroup_driver = \"cgroupfs\" | true | V2 | CGROUPFS | /kapal",
        "cgroup_driver = \"systemd\" | true | V2 | SYSTEMD | /system.slice",
        "cgroup_driver = \"systemd\" ; cgroup_parent = \"/a.slice/a-b.slice\" | true | V2 | SYSTEMD"
            + " | /a.slice/a-b.slice",
      })
  void whoMakesThemAndWhere(
      String settings, boolean booted, Mode mode, CgroupDriver driver, String parent) {
    CgroupSetup setup = setup(settings, booted, mode);
    assertThat(setup.problem()).isEmpty();
    assertThat(setup.driver()).isEqualTo(driver);
    assertThat(setup.parent()).isEqualTo(parent);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "cgroup_driver = \"systemd\" | false | V2 | f:2:1: daemon.cgroup_driver: systemd is to make"
            + " the cgroups, and it does not run this host",
        "cgroup_parent = \"x.slice\" | false | V2 | daemon.cgroup_parent to a path",
        "cgroup_driver = \"systemd\" | true | HYBRID | not of version 2 alone",
        "cgroup_driver = \"systemd\" ; cgroup_parent = \"/x\" | true | V2 | f:3:1:"
            + " daemon.cgroup_parent: \"/x\" is no slice",
        "cgroup_driver = \"cgroupfs\" ; cgroup_parent = \"x.slice\" | true | V2 | is a slice of"
            + " systemd's",
      })
  void whatCannotBeIsSaidWithItsKey(String settings, boolean booted, Mode mode, String problem) {
    assertThat(setup(settings, booted, mode).problem().orElseThrow().toString()).contains(problem);
  }

  @Test
  void aParentIsAPathOrASlice() {
    assertThat(
            ConfigReader.read(
                    List.of(TomlReader.read("f", "[daemon]\ncgroup_parent = \"-x.slice\"\n")))
                .problems())
        .singleElement()
        .asString()
        .contains("the name of a slice");
  }
}
