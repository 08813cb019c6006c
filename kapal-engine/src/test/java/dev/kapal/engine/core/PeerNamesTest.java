package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The marked part of a hosts file. */
final class PeerNamesTest {
  private static final String BLOCK =
      "# Containers of the same networks, kept up to date by Kapal\n10.1.0.2\tdb\n"
          + "# End of these containers\n";

  @Test
  void onlyTheMarkedPartGoes() {
    assertThat(PeerNames.without("127.0.0.1\tlocalhost\n" + BLOCK + "10.0.0.9\tmine\n"))
        .isEqualTo("127.0.0.1\tlocalhost\n10.0.0.9\tmine\n");
    assertThat(PeerNames.without(BLOCK + "a\n" + BLOCK)).isEqualTo("a\n");
  }

  @Test
  void aFileThatAContainerHasCutShortIsTakenAsItIs() {
    assertThat(PeerNames.without("a\n" + BLOCK.substring(0, 70))).isEqualTo("a\n");
    assertThat(PeerNames.without("no line end")).isEqualTo("no line end\n");
    assertThat(PeerNames.without("")).isEmpty();
  }
}
