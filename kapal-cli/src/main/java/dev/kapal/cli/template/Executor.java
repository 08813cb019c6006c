package dev.kapal.cli.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Runs a template once. Used by one thread. */
final class Executor {
  private static final int MOST_STEPS = 500_000;
  private static final int MOST_OUTPUT = 16 << 20;

  /** How a list of nodes ended. */
  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  /** One variable; a scope is a run of these on the stack. */
  private static final class Variable {
    final String name;
    @Nullable Object value;

    Variable(String name, @Nullable Object value) {
      this.name = name;
      this.value = value;
    }
  }

  private final StringBuilder out = new StringBuilder();
  private final Deque<Variable> variables = new ArrayDeque<>();
  private final @Nullable Object root;
  private final boolean heading;
  private int steps;

  Executor(@Nullable Object root, boolean heading) {
    this.heading = heading;
    this.root = root;
    variables.push(new Variable("$", root));
  }

  String run(List<Node> nodes) {
    nodes(nodes, root);
    return out.toString();
  }

  private Flow nodes(List<Node> nodes, @Nullable Object dot) {
    int scope = variables.size();
    Flow flow = Flow.ON;
    for (Node node : nodes) {
      if (++steps > MOST_STEPS || out.length() > MOST_OUTPUT) {
        throw new TemplateException("the template takes too long: it prints or repeats too much");
      }
      flow = node(node, dot);
      if (flow != Flow.ON) {
        break;
      }
    }
    leave(scope);
    return flow;
  }

  private void leave(int scope) {
    while (variables.size() > scope) {
      variables.pop();
    }
  }

  private Flow node(Node node, @Nullable Object dot) {
    return switch (node) {
      case Node.Literal literal -> {
        out.append(literal.text());
        yield Flow.ON;
      }
      case Node.Print print -> {
        Object value = pipeline(print.pipeline(), dot);
        if (print.pipeline().variables().isEmpty()) {
          out.append(Values.text(value));
        }
        yield Flow.ON;
      }
      case Node.Jump jump -> jump.stops() ? Flow.BREAK : Flow.CONTINUE;
      case Node.Branch branch -> {
        int scope = variables.size();
        Object value = pipeline(branch.test(), dot);
        Flow flow =
            Values.truth(value)
                ? nodes(branch.yes(), branch.changesDot() ? value : dot)
                : nodes(branch.no(), dot);
        leave(scope);
        yield flow;
      }
      case Node.Range range -> range(range, dot);
    };
  }

  private Flow range(Node.Range range, @Nullable Object dot) {
    int scope = variables.size();
    Node.Pipeline over = range.over();
    Object value = calls(over, dot);
    List<@Nullable Object> keys = new ArrayList<>();
    List<@Nullable Object> elements = new ArrayList<>();
    switch (value) {
      case null -> {}
      case Map<?, ?> map ->
          named(map)
              .forEach((key, element) -> {
                keys.add(key);
                elements.add(element.orElse(null));
              });
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          keys.add((long) i);
          elements.add(list.get(i));
        }
      }
      case Long n -> {
        for (long i = 0; i < Math.min(n, MOST_STEPS); i++) {
          keys.add(i);
          elements.add(i);
        }
      }
      default -> throw new TemplateException("range can't iterate over " + Values.kind(value));
    }
    if (elements.isEmpty()) {
      Flow flow = nodes(range.none(), dot);
      leave(scope);
      return flow;
    }
    for (int i = 0; i < elements.size(); i++) {
      int inner = variables.size();
      List<String> names = over.variables();
      if (names.size() == 2) {
        assign(names.get(0), over.declares(), keys.get(i));
        assign(names.get(1), over.declares(), elements.get(i));
      } else if (names.size() == 1) {
        assign(names.get(0), over.declares(), elements.get(i));
      }
      Flow flow = nodes(range.body(), elements.get(i));
      leave(inner);
      if (flow == Flow.BREAK) {
        break;
      }
    }
    leave(scope);
    return Flow.ON;
  }

  private static Map<String, Optional<Object>> named(Map<?, ?> map) {
    Map<String, Optional<Object>> named = new TreeMap<>();
    map.forEach((key, value) -> named.put(String.valueOf(key), Optional.ofNullable(value)));
    return named;
  }

  private @Nullable Object pipeline(Node.Pipeline pipeline, @Nullable Object dot) {
    Object value = calls(pipeline, dot);
    for (String name : pipeline.variables()) {
      assign(name, pipeline.declares(), value);
    }
    return value;
  }

  private @Nullable Object calls(Node.Pipeline pipeline, @Nullable Object dot) {
    Object value = null;
    for (int i = 0; i < pipeline.calls().size(); i++) {
      value = call(pipeline.calls().get(i), dot, i > 0, value);
    }
    return value;
  }

  private void assign(String name, boolean declares, @Nullable Object value) {
    if (declares) {
      variables.push(new Variable(name, value));
    } else {
      find(name).value = value;
    }
  }

  private Variable find(String name) {
    for (Variable variable : variables) {
      if (variable.name.equals(name)) {
        return variable;
      }
    }
    throw new TemplateException("undefined variable \"" + name + "\"");
  }

  private @Nullable Object call(
      Node.Call call, @Nullable Object dot, boolean piped, @Nullable Object last) {
    Node.Operand head = call.words().getFirst();
    List<Node.Operand> rest = call.words().subList(1, call.words().size());
    if (head instanceof Node.Name(String name)) {
      if (name.equals("and") || name.equals("or")) {
        return lazy(name, rest, dot, piped, last);
      }
      List<@Nullable Object> arguments = arguments(rest, dot, piped, last);
      return heading && Functions.decorates(name) && !arguments.isEmpty()
          ? arguments.stream().filter(a -> a instanceof String).findFirst().orElse("")
          : Functions.call(name, arguments);
    }
    Object value = operand(head, dot);
    if (value instanceof Function method) {
      return method.call(arguments(rest, dot, piped, last));
    }
    if (!rest.isEmpty() || piped) {
      throw new TemplateException("can't give an argument to " + Values.kind(value));
    }
    return value;
  }

  private List<@Nullable Object> arguments(
      List<Node.Operand> words, @Nullable Object dot, boolean piped, @Nullable Object last) {
    List<@Nullable Object> arguments = new ArrayList<>();
    for (Node.Operand word : words) {
      arguments.add(argument(word, dot));
    }
    if (piped) {
      arguments.add(last);
    }
    return arguments;
  }

  private @Nullable Object argument(Node.Operand word, @Nullable Object dot) {
    if (word instanceof Node.Name(String name)) {
      return Functions.call(name, List.of());
    }
    Object value = operand(word, dot);
    return value instanceof Function method ? method.call(List.of()) : value;
  }

  /** Stops at the first operand that decides. */
  private @Nullable Object lazy(
      String name,
      List<Node.Operand> words,
      @Nullable Object dot,
      boolean piped,
      @Nullable Object last) {
    if (words.isEmpty() && !piped) {
      throw new TemplateException(
          "wrong number of arguments for " + name + ": want at least 1, got 0");
    }
    Object value = null;
    for (Node.Operand word : words) {
      value = argument(word, dot);
      if (Values.truth(value) == name.equals("or")) {
        return value;
      }
    }
    return piped ? last : value;
  }

  private @Nullable Object operand(Node.Operand operand, @Nullable Object dot) {
    return switch (operand) {
      case Node.Constant constant -> constant.value();
      case Node.Name name -> Functions.call(name.name(), List.of());
      case Node.Variable variable -> find(variable.name()).value;
      case Node.Parenthesis inner -> pipeline(inner.pipeline(), dot);
      case Node.Chain chain -> {
        Object value = chain.from().isPresent() ? operand(chain.from().get(), dot) : dot;
        for (String field : chain.fields()) {
          value = field(value, field);
        }
        yield value;
      }
    };
  }

  private static @Nullable Object field(@Nullable Object value, String name) {
    return switch (value) {
      case Struct struct when !struct.containsKey(name) ->
          throw new TemplateException("can't evaluate field " + name + near(name, struct));
      case Map<?, ?> map -> map.get(name);
      case null -> throw new TemplateException("can't evaluate field " + name + " of nothing");
      default ->
          throw new TemplateException("can't evaluate field " + name + " in " + Values.kind(value));
    };
  }

  private static String near(String name, Struct struct) {
    String known = String.join(", ", struct.keySet());
    for (String field : struct.keySet()) {
      if (field.equalsIgnoreCase(name)) {
        return "; did you mean " + field + "?";
      }
    }
    return known.length() > 300 ? "" : ": the fields are " + known;
  }
}
