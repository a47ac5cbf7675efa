import type { ReviewResult } from '../model/review.ts';
import { reviewScene, type ReviewSceneOptions } from './review-scene.ts';
import { openScreen, type ScreenOptions } from './screen.tsx';

export type ReviewOptions = ReviewSceneOptions & ScreenOptions;

/** Shows the review on a screen of its own until the person approves or leaves. The terminal is restored on every way out. */
export async function runReview(options: ReviewOptions): Promise<ReviewResult> {
  const screen = openScreen(options);
  try {
    const { scene, result } = reviewScene(options);
    screen.show(scene);
    return await result;
  } finally {
    await screen.close();
  }
}
