package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.Containers.Change;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a comparison with the image leaves out. */
final class PlaceholdersTest {
  private static final Change ETC = new Change(Change.Kind.CHANGED, "/etc");
  private static final Change HOSTS = new Change(Change.Kind.ADDED, "/etc/hosts");
  private static final Change MOTD = new Change(Change.Kind.ADDED, "/etc/motd");

  @Test
  void filesForMountsDoNotShow() {
    assertThat(Placeholders.hide(List.of(ETC, HOSTS))).isEmpty();
    assertThat(Placeholders.hide(List.of(ETC, HOSTS, MOTD))).containsExactly(ETC, MOTD);
    assertThat(Placeholders.hide(List.of(ETC))).containsExactly(ETC);
    Change deleted = new Change(Change.Kind.DELETED, "/etc/hosts");
    assertThat(Placeholders.hide(List.of(ETC, deleted))).containsExactly(ETC, deleted);
  }
}
