package dev.kapal.daemon;

import dev.kapal.cri.observe.CallObserver;
import dev.kapal.engine.Event;
import dev.kapal.engine.Observer;
import java.util.List;

/** One observer that several hear through: each in turn, and at the end in the reverse order. */
final class Heard {
  private Heard() {}

  /** What the engine does. */
  static Observer engine(List<Observer> all) {
    return switch (all.size()) {
      case 0 -> Observer.NONE;
      case 1 -> all.getFirst();
      default ->
          new Observer() {
            @Override
            public Step begin(Operation operation) {
              List<Step> steps = all.stream().map(o -> o.begin(operation)).toList();
              return failure -> steps.reversed().forEach(step -> step.end(failure));
            }

            @Override
            public void told(Event event) {
              all.forEach(o -> o.told(event));
            }

            @Override
            public void downloaded(long bytes) {
              all.forEach(o -> o.downloaded(bytes));
            }
          };
    };
  }

  /** The kubelet's calls. */
  static CallObserver calls(List<CallObserver> all) {
    return switch (all.size()) {
      case 0 -> CallObserver.NONE;
      case 1 -> all.getFirst();
      default -> call -> several(all.stream().map(o -> o.begin(call)).toList());
    };
  }

  private static CallObserver.Observed several(List<CallObserver.Observed> all) {
    return new CallObserver.Observed() {
      @Override
      public void enter() {
        all.forEach(CallObserver.Observed::enter);
      }

      @Override
      public void leave() {
        all.reversed().forEach(CallObserver.Observed::leave);
      }

      @Override
      public void sent() {
        all.forEach(CallObserver.Observed::sent);
      }

      @Override
      public void end(String code, int number) {
        all.reversed().forEach(o -> o.end(code, number));
      }
    };
  }
}
