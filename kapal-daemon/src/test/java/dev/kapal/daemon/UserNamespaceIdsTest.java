package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.spec.NamespaceSpec.IdMapping;
import dev.kapal.linux.SubordinateIds;
import java.util.List;
import org.junit.jupiter.api.Test;

final class UserNamespaceIdsTest {
  private static void expect(String file, long first, long count) {
    assertThat(UserNamespaceIds.mapping(SubordinateIds.parse(file)))
        .containsExactly(new IdMapping(0, first, count));
  }

  @Test
  void theFirstOwnerWithEnoughIdsWins() {
    expect("user:100000:65536\nroot:200000:65536\nkapal:300000:65536\n", 300000, 65536);
    expect("kapal:300000:65535\ncontainers:500000:70000\nroot:200000:65536\n", 200000, 65536);
    expect("containers:500000:70000\n", 500000, 70000);
  }

  @Test
  void theConfigurationWins() {
    assertThat(
            UserNamespaceIds.mapping(
                List.of(new dev.kapal.linux.IdMapping(0, 7000, 10)),
                SubordinateIds.parse("root:100000:65536\n")))
        .containsExactly(new IdMapping(0, 7000, 10));
  }

  @Test
  void theWidestRangeOfAnOwnerWins() {
    expect("root:1:65536\nroot:2000000:131072\nroot:4000000:70000\n", 2000000, 131072);
  }

  @Test
  void withoutAnyThereIsARangeNobodyHandsOut() {
    expect("", 1073741824, 65536);
    expect("user:100000:65536\nroot:200000:1000\n", 1073741824, 65536);
  }
}
