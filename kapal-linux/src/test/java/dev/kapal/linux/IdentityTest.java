package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class IdentityTest {
  private static final String STATUS =
      "Name:\tjava\nUid:\t1000\t1001\t1002\t1003\nGid:\t100\t101\t102\t103\n";
  private static final String EVERYTHING = "         0          0 4294967295\n";

  @Test
  void theEffectiveIdsCount() {
    Identity user = Identity.of(STATUS, EVERYTHING, "allow\n");
    assertThat(user).isEqualTo(new Identity(1001, 101, true, true));
    assertThat(user.rootless()).isTrue();
  }

  @Test
  void rootIsTheHostsOnlyInTheInitialUserNamespace() {
    String root = STATUS.replaceAll("\\d+", "0");
    assertThat(Identity.of(root, EVERYTHING, "allow\n")).isEqualTo(Identity.ROOT);
    assertThat(Identity.ROOT.rootless()).isFalse();
    for (String map :
        new String[] {"0 1000 1\n", "0 1000 1\n1 100000 65536\n", "0 0 65536\n", ""}) {
      Identity mapped = Identity.of(root, map, "deny\n");
      assertThat(mapped).isEqualTo(new Identity(0, 0, false, false));
      assertThat(mapped.rootless()).isTrue();
    }
  }

  @Test
  void whatIsNoStatusIsRefused() {
    assertThatThrownBy(() -> Identity.of("Uid:\t1\n", EVERYTHING, "allow"))
        .isInstanceOf(ProcFormatException.class);
  }

  @Test
  void thisProcessHasOne() {
    assertThat(Identity.own().uid()).isNotNegative();
  }
}
