/** Lets `Math.random()` return one value until it is disposed. */
export function fixedRandom(value: number): Disposable {
  const { random } = Math;
  Math.random = () => value;
  return {
    [Symbol.dispose]: () => {
      Math.random = random;
    },
  };
}
