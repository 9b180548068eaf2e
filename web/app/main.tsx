import { render } from 'preact';
import { App } from './App';
import { language } from './language';
import { expose } from './report';
import './styles/index.css';

document.documentElement.lang = language.value;
expose(null);
const root = document.getElementById('app');
if (root) render(<App />, root);
