package dev.kapal.engine.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.EngineException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Users by name and number; hostile ones too. */
class UserResolverTest {
  private static final UserDatabase DB =
      parse(
          """
          root:x:0:0:root:/root:/bin/sh
          # a remark
          web:x:33:44:Web:/srv/web:/bin/false
          broken:x:abc:1::/:/bin/sh
          wraps:x:4294967296:0::/:/bin/sh
          minus:x:-1:0::/:/bin/sh
          short:x
          """,
          """
          root:x:0:
          wheel:x:10:root,web
          data:x:44:
          huge:x:99999999999:web
          """);

  private static UserDatabase parse(String passwd, String group) {
    return UserDatabase.parse(
        passwd.getBytes(StandardCharsets.UTF_8), group.getBytes(StandardCharsets.UTF_8));
  }

  private static UserResolver.Resolved resolve(String user, String... more) {
    return UserResolver.resolve(user, List.of(more), OptionalInt.empty(), DB);
  }

  @Test
  void findsUsersAndTheirGroups() {
    var web = resolve("web");
    assertThat(web.user().uid()).isEqualTo(33);
    assertThat(web.user().gid()).isEqualTo(44);
    assertThat(web.user().additionalGids()).containsExactly(10L, 44L);
    assertThat(web.home()).isEqualTo("/srv/web");
    assertThat(resolve("33").user()).isEqualTo(web.user());
    assertThat(resolve("").user().additionalGids()).containsExactly(0L, 10L);
    assertThat(resolve("web:wheel").user().additionalGids()).containsExactly(10L);
    assertThat(resolve("1000").user().gid()).isZero();
    assertThat(resolve("1000").home()).isEqualTo("/");
    assertThat(resolve("1000:1000", "data", "7").user().additionalGids())
        .containsExactly(7L, 44L, 1000L);
  }

  @Test
  void refusesWhatIsNotThereOrOutOfRange() {
    for (String bad :
        List.of(
            "nobody",
            "broken",
            "wraps",
            "minus",
            "short",
            "2147483648",
            "4294967296",
            "-1",
            "+0",
            "99999999999999999999",
            ":",
            "web:",
            ":wheel",
            "a:b:c",
            "web:nogroup",
            "1000:-1",
            "web:4294967296",
            "root ",
            " 0")) {
      assertThatThrownBy(() -> resolve(bad))
          .as(bad)
          .isInstanceOf(EngineException.InvalidArgument.class);
    }
  }

  @Test
  void noDatabaseMakesRootOfSomebodyElse() {
    Random random = new Random(7);
    String alphabet = "root:x0123456789-+\n\t #web,";
    for (int i = 0; i < 3000; i++) {
      StringBuilder s = new StringBuilder();
      for (int k = random.nextInt(120); k > 0; k--) {
        s.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      UserDatabase db = parse(s.toString(), s.reverse().toString());
      db.accounts().forEach(a -> assertThat(a.uid()).isBetween(0L, UserDatabase.MAX_ID));
      assertThat(UserResolver.resolve("1234", List.of(), OptionalInt.empty(), db).user().uid())
          .isEqualTo(1234);
    }
  }
}
