import fc from 'fast-check';

// A gate must say the same of the same code, so CI draws the same cases every time; a developer's run draws new ones.
if (process.env['CI'] === 'true') fc.configureGlobal({ seed: 20_261_201 });
